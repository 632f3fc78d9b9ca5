import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { placeVariables } from '../../ops/src/places.ts';
import { root } from './compose.ts';
import { deployedServices } from './deployed-services.ts';

interface Service {
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly string[];
}

const read = async (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const compose: { services: Record<string, Service> } = parse(await read('docker-compose.yml'), { merge: true });
const dockerfile = await read('infra/deploy/Dockerfile');
const replicas = Object.keys(compose.services).filter((name) => /^(user|email)-\d$/.test(name));

test.each(replicas)('%s gets only variables that its service knows, and none is missing or wrong', async (replica) => {
  const service = serviceOf(replica);
  const env = await environmentOf(replica);
  expect(Object.keys(env).filter((name) => !service.variables.has(name))).toEqual([]);
  expect(() => service.judge(env)).not.toThrow();
});

test('provisioning gets only variables that the commands know', async () => {
  expect(Object.keys(await environmentOf('provision')).filter((name) => !placeVariables.includes(name))).toEqual([]);
});

test.each(['user', 'email'] as const)('the image of %s exposes the listeners that it has, and no other', (name) => {
  const stage = dockerfile.split(/^FROM /m).find((text) => text.startsWith(`base AS ${name}\n`));
  const exposed = /^EXPOSE (.*)$/m
    .exec(stage ?? '')?.[1]
    ?.split(' ')
    .map(Number);
  expect(exposed).toEqual(Object.values(deployedServices[name].ports));
});

test('the gateway and Prometheus ask the listeners that are there', async () => {
  const { user, email } = deployedServices;
  const upstreams = portsIn(await read('infra/deploy/gateway/nginx.conf'), /server (user)-\d:(\d+)/g);
  expect(upstreams).toEqual([['user', user.ports['public']]]);
  const targets = portsIn(await read('infra/telemetry/prometheus/prometheus.yml'), /'(user|email)-\d:(\d+)'/g);
  expect(targets).toEqual([
    ['user', user.ports['admin']],
    ['email', email.ports['admin']],
  ]);
});

function serviceOf(replica: string): (typeof deployedServices)['user'] {
  return deployedServices[replica.startsWith('user') ? 'user' : 'email'];
}

/** As compose passes it on, with nothing set outside. */
async function environmentOf(name: string): Promise<Record<string, string>> {
  const { environment = {}, env_file: files = [] } = compose.services[name] ?? {};
  const ofFiles = await Promise.all(files.map(async (file) => parseEnv(await read(withDefaults(file)))));
  const own = Object.entries(environment).map(([key, value]) => [key, withDefaults(String(value))]);
  return Object.assign({}, ...ofFiles, Object.fromEntries(own));
}

function withDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}

/** Each pair of service and port once. */
function portsIn(text: string, pattern: RegExp): [string, number][] {
  const found = new Map([...text.matchAll(pattern)].map(([, name = '', port]) => [`${name} ${port}`, Number(port)]));
  return [...found].map(([key, port]) => [key.split(' ')[0] ?? '', port]);
}
