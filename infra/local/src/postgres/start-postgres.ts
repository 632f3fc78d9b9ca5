// One run of an embedded PostgreSQL, from a folder of files to a server that answers, and back.
//
// The hard case is the start after a crash. A postmaster that was killed leaves its lock file and, for a moment, backends that still
// hold its shared memory; PostgreSQL then refuses to start, rightly. So a refusal of that kind is waited out, every other one is an
// error at once. A server that survived its owner is ended first.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningServer, ServerHooks } from '../process/server-process.ts';
import { ServerStartError, type ServerOptions, startServer } from '../process/start-server.ts';
import { answersQueries } from './answers-queries.ts';
import { clearLeftoverServer, ensureCluster, postgresEnv, type ClusterOptions } from './cluster.ts';

// Recovery after a crash replays what was written since the last checkpoint: seconds, on a slow disk more.
const readyWithinMs = 60_000;
const waitForDyingMs = 15_000;

export interface RunningPostgres extends RunningServer {
  /** The superuser on the database `postgres`. */
  readonly adminUrl: string;
}

export interface PostgresOptions extends ClusterOptions, ServerHooks {
  readonly port: number;
  /** A folder that must not outlive a killed owner. */
  readonly folder?: string | undefined;
  /** More of `postgresql.conf`, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Creates the cluster if there is none, and resolves when the server answers queries. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  await ensureCluster(options);
  await clearLeftoverServer(options.home.cluster);
  const adminUrl = postgresUrl({ ...options, user: 'postgres', database: 'postgres' });
  const deadline = Date.now() + waitForDyingMs;
  for (;;) {
    try {
      return { ...(await startServer(serverOptions(options, adminUrl))), adminUrl };
    } catch (error) {
      if (!isHeldByDyingServer(error) || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

export function postgresUrl(parts: { port: number; user: string; password: string; database: string }): string {
  const { port, user, password, database } = parts;
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

function serverOptions(options: PostgresOptions, adminUrl: string): ServerOptions {
  const { home, port, durability } = options;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %q%u@%d ',
    // Details of an error hold values of rows, which no log may show.
    log_error_verbosity: 'terse',
    // What a killed server had committed is still there: only a crash of the whole machine loses something.
    ...(durability === 'fast' && { fsync: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  return {
    ...options,
    title: `PostgreSQL on port ${port} with the files in ${home.cluster}`,
    isReady: async () => answersQueries(adminUrl),
    readyWithinMs,
    command: home.binaries.postgres,
    args: ['-D', home.cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    env: postgresEnv,
    cwd: home.cluster,
    account: home.account,
    diesWithUs: 'reaper',
    // Fast shutdown, then immediate: it never waits for clients to leave.
    stopBy: [
      { signal: 'SIGINT', graceMs: 5_000 },
      { signal: 'SIGQUIT', graceMs: 2_000 },
    ],
  };
}

function isHeldByDyingServer(error: unknown): boolean {
  const reasons = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/;
  return error instanceof ServerStartError && reasons.test(error.output);
}
