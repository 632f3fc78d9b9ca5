import { execFile } from 'node:child_process';
import { rm, writeFile, chown } from 'node:fs/promises';
import { type AddressInfo, createServer, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { once } from 'node:events';
import {
  ensureDatabase,
  freePort,
  postgresBinaries,
  preparePostgresHome,
  type RunningPostgres,
  serverAccount,
  startPostgres,
} from '@postrider/local';
import { createTempFolder } from '@postrider/local/testing';
import { Client } from 'pg';

/**
 * A PostgreSQL, a standby that streams from it (made by a base backup, as an operator makes one), and an address that leads to whichever
 * is the primary.
 */
export interface PostgresPair extends AsyncDisposable {
  /** The database `user`, by the address that follows the primary. */
  readonly url: string;
  readonly adminUrl: { readonly primary: string; readonly standby: string };
  /** Resolves when the standby has all that the primary has committed. */
  untilCaughtUp(): Promise<void>;
  stopStandby(): Promise<void>;
  /** The primary is killed; the standby, with what it has, becomes the primary. */
  failOver(): Promise<void>;
}

const password = 'test';

export async function startPostgresPair(): Promise<PostgresPair> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('postgres-pair'));
  const [binaries, account] = await Promise.all([postgresBinaries(), serverAccount()]);
  const home = await preparePostgresHome({ dataDir: folder, binaries, account, elsewhereIn: folder });
  const standbyHome = { ...home, cluster: `${home.cluster}-standby` };
  const [port, standbyPort] = [await freePort(), await freePort()];
  const common = { password, durability: 'fast', folder } as const;
  const primary = starting.use(await startPostgres({ ...common, home, port }));
  const url = new URL(await ensureDatabase({ adminUrl: primary.adminUrl, name: 'user', password }));
  const label = await backUp(primary.adminUrl, home.cluster, standbyHome.cluster);
  for (const [name, content] of [
    ['backup_label', label],
    ['standby.signal', ''],
  ] as const) {
    const path = join(standbyHome.cluster, name);
    await writeFile(path, content);
    if (account !== undefined) await chown(path, account.uid, account.gid);
  }
  const settings = { primary_conninfo: `host=127.0.0.1 port=${port} user=postgres password=${password}` };
  const startStandby = async (): Promise<RunningPostgres> =>
    startPostgres({ ...common, home: standbyHome, port: standbyPort, settings });
  let standby: RunningPostgres | undefined = await startStandby();
  const standbyUrl = standby.adminUrl;
  starting.defer(async () => standby?.[Symbol.asyncDispose]());
  const way = starting.use(await startWay(port));
  url.port = String(way.port);
  const running = starting.move();
  return {
    url: url.href,
    adminUrl: { primary: primary.adminUrl, standby: standbyUrl },
    untilCaughtUp: async () => untilCaughtUp(primary.adminUrl, standbyUrl),
    async stopStandby() {
      await standby?.[Symbol.asyncDispose]();
      standby = undefined;
    },
    async failOver() {
      process.kill(primary.pid, 'SIGKILL');
      await primary.exited;
      standby ??= await startStandby();
      await query(standbyUrl, 'select pg_promote()');
      way.leadTo(standbyPort);
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A base backup by hand: files of a running server, and the label that says where to begin. */
async function backUp(adminUrl: string, from: string, to: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`select pg_backup_start('standby', true)`);
  await promisify(execFile)('cp', ['-Rp', from, to]);
  const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
  await client.end();
  await rm(join(to, 'postmaster.pid'), { force: true });
  return rows[0]?.labelfile ?? '';
}

async function untilCaughtUp(primaryUrl: string, standbyUrl: string): Promise<void> {
  const [row] = await query(primaryUrl, 'select pg_current_wal_flush_lsn() as lsn');
  const caughtUp = `select pg_last_wal_replay_lsn() >= '${String(row?.['lsn'])}' as done`;
  while ((await query(standbyUrl, caughtUp))[0]?.['done'] !== true)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Connections go on to a port; when that changes they are cut. */
async function startWay(port: number): Promise<AsyncDisposable & { port: number; leadTo(port: number): void }> {
  let target = port;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const there = connect(target, '127.0.0.1');
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => (client.destroy(), there.destroy(), sockets.delete(socket)));
    }
    client.pipe(there).pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port, // It listens on TCP.
    leadTo(next) {
      target = next;
      cut();
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
