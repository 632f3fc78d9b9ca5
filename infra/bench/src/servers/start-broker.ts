import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findNatsServer, freePort, natsServerLookup, type RunningServer, startNats } from '@postrider/local';

export interface Broker extends AsyncDisposable {
  readonly url: string;
  /** Those that run now: `nats`, and in a cluster `nats-2` and `nats-3`. */
  readonly pids: Readonly<Record<string, number>>;
  /** Where each server keeps its streams. */
  readonly stores: readonly string[];
  stop(): Promise<void>;
  start(): Promise<void>;
}

export interface BrokerOptions {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** How JetStream syncs: by default every two minutes, `always` before each acknowledgement. */
  readonly natsSync?: 'default' | 'always';
  /** Of how many servers it consists. */
  readonly natsNodes?: 1 | 3;
}

/** One nats-server, or three that form a cluster; it can be taken away and brought back, with its ports and its store. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { path: binary } = await findNatsServer(natsServerLookup(options.env));
  const nodes = await configure(options);
  const secrets = { seeds: {}, operator: '', system: '' }; // Nobody is asked for any.
  const open = async (): Promise<RunningServer[]> =>
    Promise.all(nodes.map(async (node) => startNats({ ...node, binary, secrets })));
  let servers = await open();
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map(async (server) => server[Symbol.asyncDispose]()));
    servers = [];
  };
  return {
    url: nodes.map(({ port }) => `nats://127.0.0.1:${port}`).join(','),
    get pids() {
      return Object.fromEntries(servers.map(({ pid }, index) => [index === 0 ? 'nats' : `nats-${index + 1}`, pid]));
    },
    stores: nodes.map(({ storeDir }) => storeDir),
    stop,
    start: async () => void (servers.length === 0 && (servers = await open())),
    [Symbol.asyncDispose]: stop,
  };
}

async function configure({ dataDir, natsSync = 'default', natsNodes = 1 }: BrokerOptions) {
  const routes = await Promise.all(Array.from({ length: natsNodes }, freePort));
  return Promise.all(
    routes.map(async (route, index) => {
      const name = `nats-${index + 1}`;
      const configPath = join(dataDir, `${name}.conf`);
      const cluster = `server_name: ${name}\ncluster { name: bench, listen: "127.0.0.1:${route}", routes: [${routes.map((one) => `"nats://127.0.0.1:${one}"`).join(', ')}] }\n`;
      const jetstream = `jetstream { ${natsSync === 'always' ? 'sync_interval: always' : ''} }\n`;
      await writeFile(configPath, `max_payload: 1MB\n${jetstream}${natsNodes > 1 ? cluster : ''}`);
      const [port, monitorPort] = [await freePort(), await freePort()];
      return { configPath, port, monitorPort, storeDir: join(dataDir, name) };
    }),
  );
}
