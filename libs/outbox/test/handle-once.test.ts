import { Client } from 'pg';
import { expect, test } from 'vitest';
import { handledEventSchema, handleOnce, removeHandledEvents } from '../src/index.ts';
import { Account, moved, outboxDatabase } from './outbox-fixture.ts';

async function handlingDatabase() {
  const database = await outboxDatabase();
  for (const sql of handledEventSchema()) await database.rows(sql);
  await database.rows(`insert into account (id) values ('a')`);
  return database;
}
type Database = Awaited<ReturnType<typeof handlingDatabase>>;

const handling = { handler: 'count-things', eventId: 'e-1' };

/** Adds one, and records that it did. */
const addOne = async (database: Database, what = handling, beforeCommit = async (): Promise<void> => undefined) =>
  handleOnce(database.context, what, async ({ em, record }) => {
    const account = await em.findOneOrFail(Account, { id: 'a' });
    account.balance += 1;
    record(moved('a', account.balance));
    await beforeCommit();
  });

const balance = async (database: Database): Promise<unknown> =>
  (await database.rows<{ balance: number }>('select balance from account'))[0]?.balance;

test('an event that comes again has no effect again, and records no event again', async () => {
  await using database = await handlingDatabase();
  expect([await addOne(database), await addOne(database), await addOne(database)]).toEqual([true, false, false]);
  expect(await balance(database)).toBe(1);
  expect(await database.pending()).toBe(1);
});

test('two handlers of one event each have their say', async () => {
  await using database = await handlingDatabase();
  expect(await addOne(database)).toBe(true);
  expect(await addOne(database, { ...handling, handler: 'another' })).toBe(true);
  expect(await balance(database)).toBe(2);
});

test('work that fails leaves nothing, and the next delivery does it', async () => {
  await using database = await handlingDatabase();
  await expect(addOne(database, handling, async () => Promise.reject(new Error('not now')))).rejects.toThrow('not now');
  expect(await balance(database)).toBe(0);
  expect(await addOne(database)).toBe(true);
  expect(await balance(database)).toBe(1);
});

test('of deliveries at the same moment one takes effect; the others wait for its end', async () => {
  await using database = await handlingDatabase();
  const results = await Promise.all(Array.from({ length: 10 }, async () => addOne(database)));
  expect(results.filter(Boolean)).toHaveLength(1);
  expect(await balance(database)).toBe(1);
});

test('when the first of two deliveries fails, the one that waits takes its place', async () => {
  await using database = await handlingDatabase();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = addOne(database, handling, async () => {
    begun.resolve();
    await gate.promise;
  });
  await begun.promise;
  const isWaiting = async () =>
    (
      await database.rows(
        `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      )
    ).length;
  const second = addOne(database);
  await expect.poll(isWaiting).toBe(1);
  gate.reject(new Error('not now'));
  await expect(first).rejects.toThrow('not now');
  expect(await second).toBe(true);
  expect(await balance(database)).toBe(1);
});

test('what is old enough is forgotten, in batches', async () => {
  await using database = await handlingDatabase();
  await database.rows(
    `insert into handled_event select 'h', n::text, now() - case when n <= 25 then 92 else 90 end * interval '1 day' from generate_series(1, 40) n`,
  );
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    const removals = [];
    for (let n = 0; n < 4; n++) removals.push(await removeHandledEvents(client, { olderThanDays: 91, limit: 10 }));
    expect(removals).toEqual([10, 10, 5, 0]);
  } finally {
    await client.end();
  }
  expect(await database.rows('select count(*)::int as n from handled_event')).toEqual([{ n: 15 }]);
});
