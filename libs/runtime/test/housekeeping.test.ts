import { PassThrough } from 'node:stream';
import { testDatabase } from '@postrider/local/testing';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type HousekeepingOptions, type Removal, startHousekeeping } from '../src/housekeeping.ts';

const silent = pino({ level: 'silent' });
const never = () => new Promise<void>(() => undefined);

/** A hundred rows to be rid of, and who was rid of how many at once. */
async function crumbs(count = 100) {
  const database = await testDatabase({ name: 'housekeeping' });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('create table crumb (n int)');
  await client.query('insert into crumb select generate_series(1, $1::int)', [count]);
  const batches: number[] = [];
  const removal: Removal = {
    name: 'crumbs',
    async remove(db, limit) {
      const { rowCount } = await db.query(
        'delete from crumb where ctid = any(array(select ctid from crumb limit $1))',
        [limit],
      );
      batches.push(rowCount ?? 0);
      return rowCount ?? 0;
    },
  };
  return {
    url: database.url,
    client,
    batches,
    removal,
    left: async () => Number((await client.query('select count(*) as n from crumb')).rows[0].n),
    /** Works when the test says so. */
    start: (options: Partial<HousekeepingOptions> = {}) =>
      startHousekeeping({
        databaseUrl: database.url,
        removals: [removal],
        log: silent,
        ready: never,
        pauseMs: 0,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a round removes batch after batch until nothing is left, and says so in one line', async () => {
  await using db = await crumbs();
  const lines = new PassThrough();
  const housekeeping = db.start({ batch: 30, log: pino(lines) });
  expect(await housekeeping.runOnce()).toEqual({ crumbs: 100 });
  expect(db.batches).toEqual([30, 30, 30, 10, 0]);
  expect(await housekeeping.runOnce()).toEqual({});
  const logged = String(lines.read()).trim().split('\n');
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'housekeeping removed old rows', removed: { crumbs: 100 } },
  ]);
});

test('of two replicas one works; the other finds the lock taken and leaves, and may have it afterwards', async () => {
  await using db = await crumbs();
  const [entered, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Removal = {
    name: 'crumbs',
    async remove(client, limit) {
      entered.resolve();
      await released.promise;
      return db.removal.remove(client, limit);
    },
  };
  const first = db.start({ removals: [slow] }).runOnce();
  await entered.promise;
  const other = db.start();
  expect(await other.runOnce()).toEqual({});
  expect(await db.left()).toBe(100);
  released.resolve();
  expect(await first).toEqual({ crumbs: 100 });
  await db.client.query('insert into crumb values (1)');
  expect(await other.runOnce()).toEqual({ crumbs: 1 });
});

test('a replica that dies in its round leaves no lock behind', async () => {
  await using db = await crumbs();
  const dying: Removal = {
    name: 'crumbs',
    async remove(client, limit) {
      await db.removal.remove(client, limit);
      await client.query('select pg_terminate_backend(pg_backend_pid())');
      return 0;
    },
  };
  await expect(db.start({ removals: [dying], batch: 10 }).runOnce()).rejects.toThrow(/terminat|closed/i);
  expect(await db.start().runOnce()).toEqual({ crumbs: 90 });
});

test('rows that can’t be removed keep nobody else’s', async () => {
  await using db = await crumbs();
  const refused: Removal = {
    name: 'nothing',
    remove: async (client) => (await client.query('delete from nowhere')).rowCount ?? 0,
  };
  expect(await db.start({ removals: [refused, db.removal] }).runOnce()).toEqual({ crumbs: 100 });
});

test('rounds begin when the database is ready, come again, and end when it is disposed', async () => {
  await using db = await crumbs();
  const ready = Promise.withResolvers<void>();
  {
    await using _housekeeping = db.start({ ready: () => ready.promise, everyMs: 20 });
    expect(await db.left()).toBe(100);
    ready.resolve();
    await expect.poll(db.left).toBe(0);
    await db.client.query('insert into crumb values (1)');
    await expect.poll(db.left).toBe(0);
  }
  await db.client.query('insert into crumb values (1)');
  expect(await db.left()).toBe(1);
});

test('disposing in a round ends it after the statement under way', async () => {
  await using db = await crumbs();
  const entered = Promise.withResolvers<void>();
  const removal: Removal = {
    name: 'crumbs',
    async remove(client) {
      entered.resolve();
      return db.removal.remove(client, 1);
    },
  };
  const housekeeping = db.start({ removals: [removal], ready: () => Promise.resolve(), pauseMs: 60_000 });
  await entered.promise;
  await housekeeping[Symbol.asyncDispose]();
  expect(await db.left()).toBe(99);
});
