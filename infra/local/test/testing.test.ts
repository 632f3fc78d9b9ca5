import { Client } from 'pg';
import { expect, test } from 'vitest';
import { withClient } from '../src/postgres/databases.ts';
import { testDatabase, testNats, testPostgres } from '../src/testing/index.ts';

const migrate = async (url: string): Promise<void> =>
  withClient(url, async (client) => void (await client.query('create table thing (id int primary key)')));

test('a test database starts from the migrated template and shares nothing with another', async () => {
  await using one = await testDatabase({ name: 'kit', migrate });
  await using other = await testDatabase({ name: 'kit', migrate });
  const count = async (url: string): Promise<unknown> =>
    withClient(url, async (client) => (await client.query('select count(*)::int as n from thing')).rows[0]);

  await withClient(one.url, async (client) => client.query('insert into thing values (1)'));

  expect(await count(one.url)).toEqual({ n: 1 });
  expect(await count(other.url)).toEqual({ n: 0 });
});

test('databases asked for at once migrate the template once', async () => {
  let migrations = 0;
  const counting = async (url: string): Promise<void> => {
    migrations += 1;
    await migrate(url);
  };
  const databases = await Promise.all(
    Array.from({ length: 5 }, async () => testDatabase({ name: 'kit-once', migrate: counting })),
  );

  expect(migrations).toBe(1);

  for (const database of databases) await database[Symbol.asyncDispose]();
});

test('a test database is gone after dispose, whoever is connected', async () => {
  const database = await testDatabase({ name: 'kit', migrate });
  const client = new Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();

  await database[Symbol.asyncDispose]();

  await expect(withClient(database.url, async () => undefined)).rejects.toThrow('does not exist');
});

test('a test nats-server keeps ports and streams through a kill', async () => {
  await using nats = await testNats();
  const streams = async (): Promise<unknown> => {
    const response = await fetch(`${nats.monitorUrl}/jsz`);
    return response.json();
  };
  expect(await streams()).toMatchObject({ streams: expect.any(Number) });
  const before = await streams();

  await nats.kill();
  await expect(streams()).rejects.toThrow('fetch failed');
  await nats.start();

  expect(await streams()).toMatchObject({ streams: (before as { streams: number }).streams });
});

test('a PostgreSQL of its own comes back after a kill with what was committed', async () => {
  await using postgres = await testPostgres();
  await withClient(postgres.adminUrl, async (client) => client.query('create table kept (id int)'));

  await postgres.kill();
  await postgres.start();

  const found = await withClient(postgres.adminUrl, async (client) => client.query('select * from kept'));
  expect(found.rowCount).toBe(0);
});
