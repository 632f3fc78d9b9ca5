import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isPidTaken, processInfo } from '../process/process-info.ts';
import type { PostgresHome } from './postgres-home.ts';

/** What PostgreSQL's programs need of the environment; the rest of ours is none of their business. */
export const postgresEnv = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' };

export interface ClusterOptions {
  readonly home: PostgresHome;
  /** The superuser's, set when the cluster is created. */
  readonly password: string;
  /** `crash-safe` keeps what was committed through a power failure; `fast` is for tests alone. */
  readonly durability: 'crash-safe' | 'fast';
}

/** Creates the cluster unless it exists. Interrupted halfway it starts anew: the folder gets its name when it is complete. */
export async function ensureCluster({ home, password, durability }: ClusterOptions): Promise<void> {
  const { cluster, binaries, account } = home;
  if ((await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => '')) !== '') return;
  const unfinished = `${cluster}.new`;
  const passwordFile = join(unfinished, 'password');
  const data = join(unfinished, 'data');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account !== undefined) {
    for (const path of [unfinished, passwordFile]) await chown(path, account.uid, account.gid);
  }
  const args = [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    // The built-in locale sorts the same on every platform.
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durability === 'fast' ? ['--no-sync'] : []),
  ];
  await promisify(execFile)(binaries.initdb, args, {
    cwd: '/',
    env: postgresEnv,
    uid: account?.uid,
    gid: account?.gid,
  });
  await rename(data, cluster);
  await rm(unfinished, { recursive: true, force: true });
}

/**
 * Ends a server that still runs on this cluster (one whose owner was killed), and removes a lock file whose pid meanwhile belongs to
 * another program, which PostgreSQL would take for a server.
 */
export async function clearLeftoverServer(cluster: string): Promise<void> {
  const lockFile = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(lockFile, 'utf8').catch(() => ''), 10);
  // A pid that is free is PostgreSQL's to judge: it also looks for orphaned backends in the shared memory that the file names.
  if (!(pid > 0) || !isPidTaken(pid)) return;
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await isServerOf(pid, cluster))) break;
    process.kill(pid, signal);
    await waitUntilGone(pid, cluster, 3_000);
  }
  if (isPidTaken(pid)) await rm(lockFile, { force: true });
}

async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  const info = await processInfo(pid);
  return info !== undefined && info.command.includes(`-D ${cluster}`);
}

async function waitUntilGone(pid: number, cluster: string, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline && (await isServerOf(pid, cluster)))
    await new Promise((resolve) => setTimeout(resolve, 50));
}
