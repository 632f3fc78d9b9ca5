import { randomBytes } from 'node:crypto';
import { postgresBinaries } from '../postgres/postgres-binaries.ts';
import { preparePostgresHome } from '../postgres/postgres-home.ts';
import { serverAccount } from '../postgres/server-account.ts';
import { postgresUrl, startPostgres } from '../postgres/start-postgres.ts';
import { freePort } from '../process/free-port.ts';
import { type Restartable, startRestartable } from './restartable.ts';
import { createTempFolder } from './temp-folder.ts';

export interface TestPostgres extends AsyncDisposable, Restartable {
  /** The superuser on the database `postgres`. */
  readonly adminUrl: string;
}

/**
 * A PostgreSQL of one's own, for tests of outages; most tests want `testDatabase`, which shares the run's. Without fsync: half a second
 * to start. Disposing stops it and removes its files.
 */
export async function testPostgres(): Promise<TestPostgres> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('postgres'));
  const [binaries, account, port] = await Promise.all([postgresBinaries(), serverAccount(), freePort()]);
  const home = await preparePostgresHome({ dataDir: folder, binaries, account, elsewhereIn: folder });
  const password = randomBytes(12).toString('hex');
  const start = async () => startPostgres({ home, port, password, durability: 'fast', folder });
  const server = starting.use(await startRestartable(start));
  const running = starting.move();
  return {
    ...server,
    adminUrl: postgresUrl({ port, user: 'postgres', password, database: 'postgres' }),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}
