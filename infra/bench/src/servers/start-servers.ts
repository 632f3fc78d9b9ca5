import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findNatsServer,
  freePort,
  natsServerLookup,
  postgresBinaries,
  preparePostgresHome,
  type RunningServer,
  serverAccount,
  startNats,
  startPostgres,
} from '@postrider/local';
import type { Places, ServerName } from '../places.ts';
import { startRedis } from './start-redis.ts';

export interface Servers extends AsyncDisposable {
  readonly places: Places;
  /** By name, for the account of CPU time. */
  readonly pids: Readonly<Record<string, number>>;
  /** The broker can be taken away and brought back, with its port and its store. */
  readonly broker: { stop(): Promise<void>; start(): Promise<void> } | undefined;
}

export interface ServersOptions {
  readonly needs: readonly ServerName[];
  readonly env: NodeJS.ProcessEnv;
  /** How JetStream syncs: by default every two minutes, `always` before each acknowledgement. */
  readonly natsSync?: 'default' | 'always';
}

/** PostgreSQL with fsync on, and what else a peer needs, on the loopback and on empty disks. */
export async function startServers({ needs, env, natsSync = 'default' }: ServersOptions): Promise<Servers> {
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-bench-'));
  await chmod(dataDir, 0o711); // As root PostgreSQL runs as another account, which must be able to pass.
  stack.defer(async () => rm(dataDir, { recursive: true, force: true }));
  const [binaries, account, port] = await Promise.all([postgresBinaries(), serverAccount(), freePort()]);
  const home = await preparePostgresHome({ dataDir, binaries, account, elsewhereIn: dataDir });
  const postgres = stack.use(await startPostgres({ home, port, password: 'bench', durability: 'crash-safe' }));
  const nats = needs.includes('nats') ? stack.use(await startBroker(dataDir, env, natsSync)) : undefined;
  const redis = needs.includes('redis') ? stack.use(await startRedis(dataDir, env)) : undefined;
  const running = stack.move();
  return {
    places: { databaseUrl: postgres.adminUrl, natsUrl: nats?.url, redisPort: redis?.port },
    pids: {
      postgres: postgres.pid,
      ...(nats && { nats: nats.pid }),
      ...(redis && { redis: redis.pid }),
    },
    broker: nats,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Broker extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function startBroker(dataDir: string, env: NodeJS.ProcessEnv, sync: 'default' | 'always'): Promise<Broker> {
  const { path: binary } = await findNatsServer(natsServerLookup(env));
  const configPath = join(dataDir, 'nats.conf');
  await writeFile(configPath, `max_payload: 1MB\njetstream { ${sync === 'always' ? 'sync_interval: always' : ''} }\n`);
  const [port, monitorPort] = [await freePort(), await freePort()];
  const secrets = { seeds: {}, operator: '', system: '' }; // Nobody is asked for any.
  const open = async (): Promise<RunningServer> =>
    startNats({ binary, configPath, port, monitorPort, storeDir: join(dataDir, 'nats'), secrets });
  let server: RunningServer | undefined = await open();
  const stop = async (): Promise<void> => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    pid: server.pid,
    stop,
    start: async () => void (server ??= await open()),
    [Symbol.asyncDispose]: stop,
  };
}
