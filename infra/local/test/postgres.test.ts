import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureDatabase, withClient } from '../src/postgres/databases.ts';
import { binariesIn, postgresBinaries } from '../src/postgres/postgres-binaries.ts';
import { preparePostgresHome } from '../src/postgres/postgres-home.ts';
import { serverAccount } from '../src/postgres/server-account.ts';
import { startPostgres } from '../src/postgres/start-postgres.ts';
import { freePort } from '../src/process/free-port.ts';
import { isPidTaken } from '../src/process/process-info.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';

const isRoot = process.getuid?.() === 0;
const password = 'p123';

async function startIn(dataDir: string, elsewhereIn: string, notes: string[] = []) {
  const [binaries, account, port] = await Promise.all([postgresBinaries(), serverAccount(), freePort()]);
  const note = (text: string): void => void notes.push(text);
  const home = await preparePostgresHome({ dataDir, binaries, account, elsewhereIn, note });
  return {
    home,
    port,
    start: async () => startPostgres({ home, port, password, durability: 'fast', folder: dataDir }),
  };
}

async function numbers(url: string): Promise<unknown[]> {
  const { rows } = await withClient(url, async (client) => client.query('select n from kept order by n'));
  return rows;
}

test('a server starts, keeps its data over a stop, and leaves no process', async () => {
  await using folder = await createTempFolder('pg');
  const { start } = await startIn(folder.path, folder.path);
  const first = await start();
  await withClient(first.adminUrl, async (client) => client.query('create table kept (n int)'));
  await withClient(first.adminUrl, async (client) => client.query('insert into kept values (1)'));
  await first[Symbol.asyncDispose]();
  expect(isPidTaken(first.pid)).toBe(false);

  await using second = await start();

  expect(await numbers(second.adminUrl)).toEqual([{ n: 1 }]);
});

test('a start after kill -9, with a client connected, waits for what is dying and keeps what was committed', async () => {
  await using folder = await createTempFolder('pg');
  const { start } = await startIn(folder.path, folder.path);
  const killed = await start();
  await withClient(killed.adminUrl, async (client) => {
    client.on('error', () => undefined);
    await client.query('create table kept (n int)');
    await client.query('insert into kept values (1)');
    process.kill(killed.pid, 'SIGKILL');
    await killed.exited;
  }).catch(() => undefined);

  await using again = await start();

  expect(await numbers(again.adminUrl)).toEqual([{ n: 1 }]);
});

test('a server that outlived its owner is ended by the next start', async () => {
  await using folder = await createTempFolder('pg');
  const { start } = await startIn(folder.path, folder.path);
  await using leftover = await start();

  await using next = await start();

  expect(next.pid).not.toBe(leftover.pid);
  expect(isPidTaken(leftover.pid)).toBe(false);
});

test('a lock file whose pid now belongs to another program does not hinder a start', async () => {
  await using folder = await createTempFolder('pg');
  const { home, start } = await startIn(folder.path, folder.path);
  const first = await start();
  const lockFile = join(home.cluster, 'postmaster.pid');
  const lock = await readFile(lockFile, 'utf8');
  await first[Symbol.asyncDispose]();
  await writeFile(lockFile, lock.replace(/^\d+/, String(process.pid)));

  await using second = await start();

  expect(second.pid).not.toBe(process.pid);
});

test('an initdb that was interrupted is done again', async () => {
  await using folder = await createTempFolder('pg');
  const { home, start } = await startIn(folder.path, folder.path);
  await mkdir(`${home.cluster}.new/data`, { recursive: true });
  await writeFile(`${home.cluster}.new/data/PG_VERSION`, '18');

  await using server = await start();

  expect(isPidTaken(server.pid)).toBe(true);
});

test('a taken port is told with what PostgreSQL said', async () => {
  await using one = await createTempFolder('pg');
  await using other = await createTempFolder('pg');
  const { home, port, start } = await startIn(one.path, one.path);
  await using _server = await start();
  const second = await startIn(other.path, other.path);

  await expect(startPostgres({ home: second.home, port, password: 'another', durability: 'fast' })).rejects.toThrow(
    /did not start.*Address already in use/s,
  );
  expect(home.cluster).not.toBe(second.home.cluster);
});

test('a database has an owner of its own, whose password may change', async () => {
  await using folder = await createTempFolder('pg');
  const { start } = await startIn(folder.path, folder.path);
  await using server = await start();
  const { adminUrl } = server;

  const url = await ensureDatabase({ adminUrl, name: 'user', password: 'p1' });
  await withClient(url, async (client) => client.query('create table mine (n int)'));
  const changed = await ensureDatabase({ adminUrl, name: 'user', password: "p'2" });

  await withClient(changed, async (client) => client.query('select * from mine'));
  await expect(withClient(url, async () => undefined)).rejects.toThrow('password authentication failed');
  const other = await ensureDatabase({ adminUrl, name: 'email', password: 'p3' });
  const trespass = new URL(other);
  trespass.pathname = '/user';
  await expect(withClient(trespass.href, async () => undefined)).rejects.toThrow('permission denied');
});

test.runIf(isRoot)('as root, files that its account can not reach live elsewhere, and are found again', async () => {
  await using closed = await createTempFolder('pg-closed');
  await using elsewhere = await createTempFolder('pg-elsewhere');
  await chmod(closed.path, 0o700);
  const notes: string[] = [];
  const first = await startIn(closed.path, elsewhere.path, notes);
  const server = await first.start();
  await withClient(server.adminUrl, async (client) => client.query('create table kept (n int)'));
  await server[Symbol.asyncDispose]();
  expect(first.home.cluster.startsWith(elsewhere.path)).toBe(true);
  expect(notes).toEqual([expect.stringContaining(`can't read ${closed.path}`)]);

  const second = await startIn(closed.path, elsewhere.path);
  await using again = await second.start();

  expect(second.home.cluster).toBe(first.home.cluster);
  expect(await numbers(again.adminUrl)).toEqual([]);
});

test.runIf(isRoot)('as root, programs that its account can not run are copied to where it can', async () => {
  await using closed = await createTempFolder('pg-closed');
  await using data = await createTempFolder('pg');
  await chmod(closed.path, 0o700);
  const [installed, account] = await Promise.all([postgresBinaries(), serverAccount()]);
  await cp(installed.root, join(closed.path, 'native'), { recursive: true, verbatimSymlinks: true });
  const options = {
    dataDir: data.path,
    binaries: binariesIn(join(closed.path, 'native')),
    account,
    elsewhereIn: data.path,
  };

  const home = await preparePostgresHome(options);
  await using server = await startPostgres({ home, port: await freePort(), password, durability: 'fast' });

  expect(home.binaries.root.startsWith(data.path)).toBe(true);
  expect(home.cluster).toBe(join(data.path, 'postgres'));
  expect(isPidTaken(server.pid)).toBe(true);
});

test.runIf(isRoot)('as root, files elsewhere that are gone are told, and the databases start empty', async () => {
  await using closed = await createTempFolder('pg-closed');
  await using elsewhere = await createTempFolder('pg-elsewhere');
  await chmod(closed.path, 0o700);
  const first = await startIn(closed.path, elsewhere.path);
  await rm(join(first.home.cluster, '..'), { recursive: true });
  const notes: string[] = [];

  const second = await startIn(closed.path, elsewhere.path, notes);

  expect(notes[0]).toMatch(/which is gone: the databases start empty/);
  expect(second.home.cluster).not.toBe(first.home.cluster);
});

test.runIf(isRoot)('as root, a cluster that another user made runs as that user', async () => {
  await using folder = await createTempFolder('pg');
  const { home, start } = await startIn(folder.path, folder.path);
  await (await start())[Symbol.asyncDispose]();
  const made = await stat(home.cluster);
  const stranger = { name: 'nobody', uid: 65_534, gid: 65_534 };
  const options = { dataDir: folder.path, binaries: home.binaries, account: stranger, elsewhereIn: folder.path };

  const again = await preparePostgresHome(options);

  expect(again.account).toMatchObject({ uid: made.uid, gid: made.gid });
});
