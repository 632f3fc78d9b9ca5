import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { root } from './compose.ts';
import { deployedServices } from './deployed-services.ts';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number };
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly template?: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly Container[]; readonly terminationGracePeriodSeconds: number };
    };
  };
}

interface Kustomization {
  readonly configMapGenerator: readonly { readonly name: string; readonly literals: readonly string[] }[];
}

const names = ['user', 'email'] as const;
const read = async (path: string): Promise<string> => readFile(join(root, path), 'utf8');
const kustomize = async (folder: string): Promise<Kustomization> =>
  parse(await read(`infra/kubernetes/${folder}/kustomization.yaml`));
const [base, production] = [await kustomize('base'), await kustomize('overlays/production')];
const readme = await read('infra/deploy/README.md');

test.each(names)('%s gets only variables that it knows, and with its Secret none is missing or wrong', async (name) => {
  const service = deployedServices[name];
  const config = { ...literalsOf(base, name), ...literalsOf(production, name) };
  const variables = [...Object.keys(config), ...secretsOf(name)];
  expect(variables.filter((variable) => !service.variables.has(variable))).toEqual([]);
  const ofCompose = parseEnv(await read(`infra/deploy/keys/${name}.env`));
  const given = { ...ofCompose, DATABASE_URL: `postgres://${name}@db.example.com/${name}`, SMTP_URL: 'smtp://mail' };
  const secret = Object.fromEntries(Object.entries(given).filter(([key]) => secretsOf(name).includes(key)));
  expect(() => service.judge({ ...config, ...secret })).not.toThrow();
});

test.each(names)('%s is asked at the listeners that it has', async (name) => {
  const { ports } = deployedServices[name];
  const resources = await resourcesOf(name);
  const template = resources.find(({ kind }) => kind === 'Deployment')?.spec?.template;
  const container = template?.spec.containers[0];
  const declared = container?.ports.map(({ name, containerPort }) => [name, containerPort]) ?? [];
  expect(Object.fromEntries(declared)).toEqual(ports);
  const { startupProbe, livenessProbe, readinessProbe } = container ?? {};
  const alive = { httpGet: { path: '/livez', port: ports['admin'] } };
  expect(startupProbe).toMatchObject(alive);
  expect(livenessProbe).toMatchObject(alive);
  expect(readinessProbe).toMatchObject({ httpGet: { path: '/readyz', port: ports['admin'] } });
  expect(template?.metadata.annotations).toMatchObject({
    'prometheus.io/port': String(ports['admin']),
    'prometheus.io/path': '/metrics',
  });
  const targets = resources.filter(({ kind }) => kind === 'Service').flatMap(({ spec }) => spec?.ports ?? []);
  expect(targets.filter(({ targetPort }) => !Object.hasOwn(ports, targetPort))).toEqual([]);
});

test.each(names)('%s is given the time that its shutdown may take', async (name) => {
  const template = (await resourcesOf(name)).find(({ kind }) => kind === 'Deployment')?.spec?.template;
  const grace = Number(literalsOf(base, name)['SHUTDOWN_GRACE_SECONDS']);
  const preStopSeconds = 10;
  expect(template?.spec.terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + grace);
});

async function resourcesOf(name: string): Promise<Resource[]> {
  const documents = parseAllDocuments(await read(`infra/kubernetes/base/${name}.yaml`));
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  return documents.map((document): Resource => document.toJS());
}

function literalsOf({ configMapGenerator }: Kustomization, name: string): Record<string, string> {
  const literals = configMapGenerator.find((map) => map.name === name)?.literals ?? [];
  return Object.fromEntries(
    literals.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]),
  );
}

/** The members of a service's Secret, as the README tells whoever makes it. */
function secretsOf(name: string): string[] {
  const row = readme.split('\n').find((line) => line.startsWith(`| Secret \`${name}\``)) ?? '';
  return [...row.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, variable = '']) => variable);
}
