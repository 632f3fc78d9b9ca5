import { createServer, type Server } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverConfigPath } from '@postrider/topology';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { reachNats } from '../src/foreign/reach-nats.ts';
import { reachPostgres } from '../src/foreign/reach-postgres.ts';
import { freePortOffset } from '../src/ports/free-port-offset.ts';
import { freePort } from '../src/process/free-port.ts';
import { withClient } from '../src/postgres/databases.ts';
import { UnusableConfigError } from '../src/stack/unusable-config-error.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { testDatabase, testNats } from '../src/testing/index.ts';
import { person, runStack } from './running-stack.ts';

const bare = { streams: [], consumers: [] };

test('a whole stack runs on databases and a NATS from elsewhere, and says so', async () => {
  await using folder = await createTempFolder('foreign');
  await using userDatabase = await testDatabase({ name: 'foreign_user' });
  await using emailDatabase = await testDatabase({ name: 'foreign_email' });
  await using nats = await testNats({ topology: bare });
  await using stack = await runStack({
    dataDir: join(folder.path, 'data'),
    portOffset: await freePortOffset(),
    env: { USER_DATABASE_URL: userDatabase.url, EMAIL_DATABASE_URL: emailDatabase.url, NATS_URL: nats.urls.operator },
  });
  const ada = person(await stack.info(), 'ada@example.com');
  await ada.register();
  expect((await ada.secrets()).code).toMatch(/^\d{8}$/);
  expect(stack.output()).toMatch(
    /✓ PostgreSQL: using USER_DATABASE_URL, postgres:\/\/foreign_user:\*\*\*@.*, version \d+/,
  );
  expect(stack.output()).toMatch(/✓ PostgreSQL: using EMAIL_DATABASE_URL/);
  expect(stack.output()).toMatch(/✓ NATS: using NATS_URL, nats:\/\/operator:\*\*\*@.*, version 2\.\d+/);
});

test('npm start with wrong passwords starts nothing, tells all of them without the passwords, and ends with 78', async () => {
  await using folder = await createTempFolder('foreign');
  await using database = await testDatabase({ name: 'foreign_user' });
  await using nats = await testNats({ topology: bare });
  const env = {
    USER_DATABASE_URL: withPassword(database.url, 'mistyped'),
    EMAIL_DATABASE_URL: database.url,
    NATS_URL: withPassword(nats.urls.operator, 'mistyped'),
  };
  const said = await runStack({ dataDir: join(folder.path, 'data'), portOffset: await freePortOffset(), env }).then(
    () => 'it started',
    (error: unknown) => String(error),
  );
  expect(said).toContain('The stack ended with 78');
  expect(said).toMatch(
    /USER_DATABASE_URL is postgres:\/\/foreign_user:\*\*\*@.*refuses: password authentication failed.*Put name and password right in USER_DATABASE_URL, or unset/,
  );
  expect(said).toMatch(
    /NATS_URL is nats:\/\/operator:\*\*\*@.*refuses: Authorization Violation\. Put name and password right/,
  );
  expect(said).not.toContain('mistyped');
  expect(said).not.toMatch(/mailbox on port|service on port/);
});

test('a database that does not exist, a missing password and a role that may not create tables are refused at once', async () => {
  await using database = await testDatabase({ name: 'foreign_user' });
  await using other = await testDatabase({ name: 'foreign_email' });
  const elsewhere = new URL(database.url);
  elsewhere.pathname = '/nowhere';
  await expect(postgres(elsewhere.href)).rejects.toThrow(/database "nowhere" does not exist\. Create the database/);
  await expect(postgres(withPassword(database.url, ''))).rejects.toThrow(/wants a password that it was not given/);
  const guest = new URL(database.url);
  guest.pathname = new URL(other.url).pathname;
  await expect(postgres(guest.href)).rejects.toThrow(
    /the role "foreign_user" may not create tables in the schema "public"\. Make it the owner/,
  );
  await expect(postgres(`${database.url}?sslmode=verify-full`)).rejects.toThrow(/does not support SSL connections/);
});

test('a user of NATS who may not create streams is refused at once', async () => {
  await using folder = await createTempFolder('foreign');
  const accounts = join(folder.path, 'accounts.conf');
  const guest = '{ user: guest, password: guest, permissions { publish: ["guest.>"], subscribe: ["_INBOX.>"] } }';
  const declared = await readFile(serverConfigPath, 'utf8');
  await writeFile(accounts, declared.replace('{ user: operator,', `${guest}\n      { user: operator,`));
  await using nats = await testNats({ topology: bare, accounts });
  const url = nats.urls.operator.replace(/operator:\w+@/, 'guest:guest@');
  const refused = reachNats({ variable: 'NATS_URL', url, otherwise: 'another' }, patience());
  await expect(refused).rejects.toThrow(UnusableConfigError);
  await expect(refused).rejects.toThrow(/Permissions Violation.*Name a user in NATS_URL who may create streams/);
});

test('who is not there is waited for a bounded time, with a word at the beginning and the reason at the end', async () => {
  const port = await freePort();
  const told: string[] = [];
  const missing = postgres(`postgres://ada:secret@127.0.0.1:${port}/user`, { ...patience(told), patienceMs: 600 });
  await expect(missing).rejects.toThrow(
    `USER_DATABASE_URL is postgres://ada:***@127.0.0.1:${port}/user, and nothing usable answered there for 0.6 s: the connection is refused, nobody listens on that port (ECONNREFUSED).`,
  );
  await expect(missing).rejects.not.toThrow(UnusableConfigError);
  expect(told).toEqual([expect.stringMatching(/where nothing answers yet: .*ECONNREFUSED\)\. Trying for 0\.6 s/)]);

  const unknown = { variable: 'NATS_URL', url: 'nats://postrider.invalid:4222', otherwise: 'another' };
  await expect(reachNats(unknown, { ...patience(), patienceMs: 300 })).rejects.toThrow(/the host name is unknown/);
});

test('what hangs up, as a proxy does before its server is there, counts as not there yet', async () => {
  await using proxy = await listening((socket) => socket.end());
  await expect(
    postgres(`postgres://ada@127.0.0.1:${proxy.port}/user`, { ...patience(), patienceMs: 300 }),
  ).rejects.toThrow(/nothing usable answered there for 0\.3 s/);
});

test('NATS that comes while it is waited for is taken', async () => {
  await using nats = await testNats({ topology: bare });
  await nats.stop();
  const told: string[] = [];
  const reached = reachNats({ variable: 'NATS_URL', url: nats.urls.operator, otherwise: 'another' }, patience(told));
  await expect.poll(() => told.length).toBe(1);
  await nats.start();
  expect((await reached).version).toMatch(/^2\./);
});

test('a database without a free connection is waited for, and taken when there is one', async () => {
  await using database = await testDatabase({ name: 'foreign_user' });
  await withClient(database.adminUrl, async (client) => {
    await client.query(`alter role foreign_user connection limit 0`);
  });
  const told: string[] = [];
  const reached = postgres(database.url, patience(told));
  await expect.poll(() => told.length).toBe(1);
  await withClient(database.adminUrl, async (client) => {
    await client.query(`alter role foreign_user connection limit -1`);
  });
  expect((await reached).version).toMatch(/^\d+/);
});

function patience(told: string[] = []) {
  return { patienceMs: 20_000, signal: new AbortController().signal, note: (text: string) => void told.push(text) };
}

async function postgres(url: string, waiting = patience()) {
  return reachPostgres({ variable: 'USER_DATABASE_URL', url, otherwise: 'another' }, waiting);
}

function withPassword(url: string, password: string): string {
  return Object.assign(new URL(url), { password }).href;
}

async function listening(answer: (socket: { end: () => void }) => void) {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}
