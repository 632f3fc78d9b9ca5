import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { applyTopologyTo, doorsOf, findNatsServer, freePort, type NatsDoors, startNats } from '@postrider/local';
import type { Topology } from '@postrider/messaging';
import { serverConfigPath } from '@postrider/topology';
import { pino } from 'pino';
import { type Member, startMember } from './member.ts';
import type { FleetContext } from './start-fleet.ts';

/** Several servers are one cluster: each of its doors leads to any of them. */
export interface Broker extends AsyncDisposable, NatsDoors {
  readonly members: readonly Member[];
  readonly topology: Topology;
  /** Creates what is missing of streams and consumers, as an operator would. */
  applyTopology(): Promise<void>;
  /** Copies and puts back the store of the only node; it must be down meanwhile. */
  readonly store?: { save(): Promise<void>; restore(): Promise<void> };
}

interface Node {
  readonly name: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly routePort: number;
}

/** One nats-server, or a cluster of three on the loopback. */
export async function startBroker(context: FleetContext, nodes: number, topology: Topology): Promise<Broker> {
  const { dataDir, secrets, natsServer } = context;
  await using starting = new AsyncDisposableStack();
  const { path: binary } = await findNatsServer(natsServer);
  const all: Node[] = [];
  for (let index = 1; index <= nodes; index++)
    all.push({
      name: nodes === 1 ? 'nats' : `nats-${index}`,
      port: await freePort(),
      monitorPort: await freePort(),
      routePort: await freePort(),
    });
  // A node of a cluster is ready when it has met the others: they start together.
  const members = await Promise.all(all.map(async (node) => starting.use(await startNode(context, binary, node, all))));
  const doors = doorsOf(
    all.map(({ port }) => `127.0.0.1:${port}`),
    secrets.nats,
  );
  const applyTopology = async (): Promise<void> =>
    applyTopologyTo({ url: doors.urls.operator, topology, log: pino({ level: 'silent' }) });
  await applyTopology();
  const running = starting.move();
  return {
    members,
    topology,
    ...doors,
    applyTopology,
    ...(nodes === 1 && { store: storeOf(join(dataDir, 'nats')) }),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function startNode(
  { dataDir, secrets, logTo, onTrouble }: FleetContext,
  binary: string,
  node: Node,
  all: readonly Node[],
): Promise<Member> {
  const { name, port, monitorPort } = node;
  const configPath = all.length === 1 ? serverConfigPath : await writeClusterConfig(dataDir, node, all);
  const storeDir = join(dataDir, name);
  return startMember({
    name,
    kind: 'nats',
    onTrouble,
    onLine: logTo(name),
    start: async (hooks) =>
      startNats({ binary, configPath, port, monitorPort, storeDir, secrets: secrets.nats, ...hooks }),
  });
}

/** The declared configuration, and a place in the cluster. */
async function writeClusterConfig(dataDir: string, node: Node, all: readonly Node[]): Promise<string> {
  const path = join(dataDir, 'config', `${node.name}.conf`);
  await mkdir(dirname(path), { recursive: true });
  const routes = all.filter(({ name }) => name !== node.name).map(({ routePort }) => `"nats://127.0.0.1:${routePort}"`);
  const lines = [
    // An include is relative to the file that includes.
    `include "${relative(dirname(path), serverConfigPath)}"`,
    `server_name: ${node.name}`,
    `cluster { name: chaos, listen: "127.0.0.1:${node.routePort}", routes: [${routes.join(', ')}] }`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

function storeOf(storeDir: string): NonNullable<Broker['store']> {
  const copy = `${storeDir}-older`;
  const replace = async (from: string, to: string): Promise<void> => {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true });
  };
  return { save: async () => replace(storeDir, copy), restore: async () => replace(copy, storeDir) };
}
