import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { NatsAccess } from '@postrider/messaging';
import { productionConfigPath, serverConfigPath } from '@postrider/topology';
import { inject } from 'vitest';
import { z } from 'zod';
import { doorsOf } from '../nats/nats-secrets.ts';
import { startNats } from '../nats/start-nats.ts';
import { freePort } from '../process/free-port.ts';
import { type Restartable, startRestartable } from './restartable.ts';
import { createTempFolder } from './temp-folder.ts';
import { testNatsSecrets } from './test-infra.ts';

/** To end the name of a test with that skips itself where a cluster can't be had: empty where it can. */
export const whyNoCluster: string =
  process.env['TEST_INFRA'] === 'containers'
    ? ': skipped, a cluster is made of embedded servers'
    : spawnSync('openssl', ['version']).status === 0
      ? ''
      : ': skipped, openssl is not on this machine';

export interface TestCluster extends AsyncDisposable {
  /** `nats-0` to `nats-2`, and those that joined. */
  readonly nodes: ReadonlyMap<string, Restartable>;
  /** The process that a node last was. */
  pidOf(name: string): number;
  /** Starts one more node, of a name of its own and on an empty disk; resolves when it answers. */
  join(name: string): Promise<void>;
  as(user: string): NatsAccess;
  /** People's, `tls://…`; each names one server, from which the others are found. */
  readonly urls: { readonly operator: string; readonly system: string };
  /** The certificate to trust. */
  readonly caFile: string;
  readonly monitorUrls: readonly string[];
}

/** Three servers with the configuration of production (TLS, nkeys), on the loopback; embedded ones, also where other tests use containers. */
export async function testCluster(): Promise<TestCluster> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('cluster'));
  const infra = inject('testInfra');
  if (infra.kind !== 'embedded') throw new Error('A cluster is made of embedded servers.');
  const certificate = await makeCertificate(folder);
  const secrets = await testNatsSecrets(serverConfigPath);
  const ports = await Promise.all([nodePorts(), nodePorts(), nodePorts()]);
  const routes = JSON.stringify(ports.map(({ route }) => `tls://127.0.0.1:${route}`));
  const pids = new Map<string, number>();
  const startNode = async (name: string, port: NodePorts): Promise<Restartable & AsyncDisposable> =>
    startRestartable(async () => {
      const server = await startNats({
        binary: infra.natsServerBinary,
        configPath: productionConfigPath,
        storeDir: join(folder, name),
        port: port.client,
        monitorPort: port.monitor,
        secrets,
        folder,
        env: {
          NATS_SERVER_NAME: name,
          NATS_CLUSTER_LISTEN: `127.0.0.1:${port.route}`,
          NATS_ROUTES: routes,
          NATS_TLS_CERT_FILE: certificate.cert,
          NATS_TLS_KEY_FILE: certificate.key,
          NATS_TLS_CA_FILE: certificate.cert,
          NATS_SYNC_INTERVAL: '2m',
        },
      });
      pids.set(name, server.pid);
      return server;
    });
  // A node is ready when it has met the others: they start together.
  const started = await Promise.all(
    ports.map(async (port, index) => [`nats-${index}`, starting.use(await startNode(`nats-${index}`, port))] as const),
  );
  const nodes = new Map<string, Restartable>(started);
  const doors = doorsOf(
    ports.map(({ client }) => `127.0.0.1:${client}`),
    secrets,
    'tls',
  );
  const monitorUrls = ports.map(({ monitor }) => `http://127.0.0.1:${monitor}`);
  await untilMet(monitorUrls);
  const running = starting.move();
  return {
    nodes,
    pidOf: (name) => pids.get(name) ?? 0,
    join: async (name) => void nodes.set(name, running.use(await startNode(name, await nodePorts()))),
    as: (user) => ({ ...doors.as(user), tlsCaFile: certificate.cert }),
    urls: doors.urls,
    caFile: certificate.cert,
    monitorUrls,
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

interface NodePorts {
  readonly client: number;
  readonly route: number;
  readonly monitor: number;
}

async function nodePorts(): Promise<NodePorts> {
  return { client: await freePort(), route: await freePort(), monitor: await freePort() };
}

const meeting = z.object({
  meta_cluster: z.object({
    replicas: z.array(z.object({ current: z.boolean(), offline: z.boolean().optional() })).default([]),
  }),
});

/** Waits until their leader sees all the others: before that it would place no stream of three replicas. */
async function untilMet(monitorUrls: readonly string[]): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
    const views = await Promise.all(monitorUrls.map(async (url) => (await fetch(`${url}/jsz`)).json()));
    // A follower knows nothing of the other followers: it is the leader who sees all as current.
    const replicas = views.map((view) => meeting.safeParse(view).data?.meta_cluster.replicas ?? []);
    if (
      replicas.some(
        (seen) => seen.length === monitorUrls.length - 1 && seen.every((one) => one.current && !one.offline),
      )
    )
      return;
  }
  throw new Error('The nodes of the cluster did not meet within a minute.');
}

/** One that signs itself is its own authority. */
async function makeCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const args = ['req', '-x509', ...curve, '-nodes', '-days', '2', '-subj', '/CN=postrider test', '-addext', names];
  await promisify(execFile)('openssl', [...args, '-keyout', key, '-out', cert]);
  return { cert, key };
}
