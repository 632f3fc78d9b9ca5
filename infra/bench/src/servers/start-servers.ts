import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, postgresBinaries, preparePostgresHome, serverAccount, startPostgres } from '@postrider/local';
import type { Need, Places } from '../places.ts';
import { type Broker, type BrokerOptions, startBroker } from './start-broker.ts';
import { findPython } from './find-python.ts';
import { startRedis } from './start-redis.ts';

export interface Servers extends AsyncDisposable {
  readonly places: Places;
  /** By name, for the account of CPU time. */
  readonly pids: Readonly<Record<string, number>>;
  readonly broker: Broker | undefined;
}

export interface ServersOptions extends Omit<BrokerOptions, 'dataDir'> {
  readonly needs: readonly Need[];
}

/** PostgreSQL with fsync on, and what else a peer needs, on the loopback and on empty disks. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { needs, env, natsNodes = 1 } = options;
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-bench-'));
  await chmod(dataDir, 0o711); // As root PostgreSQL runs as another account, which must be able to pass.
  stack.defer(async () => rm(dataDir, { recursive: true, force: true }));
  const [binaries, account, port] = await Promise.all([postgresBinaries(), serverAccount(), freePort()]);
  const home = await preparePostgresHome({ dataDir, binaries, account, elsewhereIn: dataDir });
  const postgres = stack.use(await startPostgres({ home, port, password: 'bench', durability: 'crash-safe' }));
  const nats = needs.includes('nats') ? stack.use(await startBroker({ ...options, dataDir })) : undefined;
  const redis = needs.includes('redis') ? stack.use(await startRedis(dataDir, env)) : undefined;
  const python = needs.includes('python') ? await findPython(env) : undefined;
  const running = stack.move();
  return {
    places: {
      databaseUrl: postgres.adminUrl,
      natsUrl: nats?.url,
      natsReplicas: natsNodes,
      redisPort: redis?.port,
      python,
    },
    pids: {
      postgres: postgres.pid,
      ...nats?.pids,
      ...(redis && { redis: redis.pid }),
    },
    broker: nats,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
