import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureDatabase } from '../postgres/databases.ts';
import { postgresBinaries } from '../postgres/postgres-binaries.ts';
import { preparePostgresHome } from '../postgres/postgres-home.ts';
import { serverAccount } from '../postgres/server-account.ts';
import { type RunningPostgres, startPostgres } from '../postgres/start-postgres.ts';
import type { Supervised } from '../process/supervise.ts';
import { keepRunning, type StackContext } from './keep-running.ts';

export interface PostgresPart extends AsyncDisposable {
  readonly urls: { readonly user: string; readonly email: string };
  pid(): number | undefined;
}

/** The two databases: embedded, except those that run elsewhere. */
export async function startPostgresPart(context: StackContext): Promise<PostgresPart> {
  const { config, secrets, progress } = context;
  const { userDatabaseUrl, emailDatabaseUrl } = config.external;
  if (userDatabaseUrl !== undefined && emailDatabaseUrl !== undefined) {
    return {
      urls: { user: userDatabaseUrl, email: emailDatabaseUrl },
      pid: () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startEmbedded(context));
  const { adminUrl } = server.current;
  const urls = await progress.step('databases user and email', async () => ({
    user: userDatabaseUrl ?? (await ensureDatabase({ adminUrl, name: 'user', password: secrets.postgres.user })),
    email: emailDatabaseUrl ?? (await ensureDatabase({ adminUrl, name: 'email', password: secrets.postgres.email })),
  }));
  const running = starting.move();
  return { urls, pid: () => server.current.pid, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}

async function startEmbedded(context: StackContext): Promise<Supervised<RunningPostgres>> {
  const { config, secrets, progress } = context;
  const port = config.ports.postgres;
  return progress.step(`PostgreSQL on port ${port}`, async (detail) => {
    const [binaries, account] = await Promise.all([postgresBinaries(), serverAccount()]);
    const home = await preparePostgresHome({ dataDir: config.dataDir, binaries, account, note: progress.note });
    const password = secrets.postgres.superuser;
    const server = await keepRunning(context, 'postgres', async (attempt) =>
      startPostgres({ home, port, password, durability: 'crash-safe', ...attempt }),
    );
    const version = await readFile(join(home.cluster, 'PG_VERSION'), 'utf8');
    detail(`version ${version.trim()}${home.account === undefined ? '' : `, run as ${home.account.name}`}`);
    return server;
  });
}
