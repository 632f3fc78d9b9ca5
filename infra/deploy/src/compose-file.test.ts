import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from './compose.ts';

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: object;
}

const read = async (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const compose: { services: Record<string, Service> } = parse(await read('docker-compose.yml'), { merge: true });
const dockerfile = await read('infra/deploy/Dockerfile');

test('what runs our images can write nowhere and may do nothing more than any user', () => {
  const ours = Object.entries(compose.services).filter(([, { image }]) => image.startsWith('postrider/'));
  expect(new Set(ours.map(([name]) => name))).toEqual(new Set(['email-1', 'email-2', 'provision', 'user-1', 'user-2']));
  for (const [, service] of ours) expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(dockerfile.match(/^USER node$/gm)).toHaveLength(3);
});

test('Prometheus reads every replica, and the gateway and the rolling restart know each', async () => {
  const replicas = Object.keys(compose.services).filter((name) => /^(user|email)-\d$/.test(name));
  const prometheus = await read('infra/telemetry/prometheus/prometheus.yml');
  const targets = [...prometheus.matchAll(/'([\w-]+):\d+'/g)].map(([, name]) => name);
  expect(new Set(targets)).toEqual(new Set(replicas));
  const gateway = await read('infra/deploy/gateway/nginx.conf');
  expect([...gateway.matchAll(/server (user-\d):3000/g)].map(([, name]) => name)).toEqual(
    replicas.filter((name) => name.startsWith('user')),
  );
  const rolling = await read('infra/deploy/rolling-restart');
  expect(replicas.filter((name) => !rolling.includes(name))).toEqual([]);
});
