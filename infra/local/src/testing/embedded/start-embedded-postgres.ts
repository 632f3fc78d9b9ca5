import { randomBytes } from 'node:crypto';
import { postgresBinaries } from '../../postgres/postgres-binaries.ts';
import { preparePostgresHome } from '../../postgres/postgres-home.ts';
import { serverAccount } from '../../postgres/server-account.ts';
import { postgresUrl, startPostgres } from '../../postgres/start-postgres.ts';
import { freePort } from '../../process/free-port.ts';
import { startRestartable } from '../restartable.ts';
import { createTempFolder } from '../temp-folder.ts';
import type { PostgresServer } from '../test-infra.ts';

/** A PostgreSQL in a folder of its own, without fsync: half a second to start. */
export async function startEmbeddedPostgres(): Promise<PostgresServer> {
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
