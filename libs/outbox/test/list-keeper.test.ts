import { setImmediate } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startRelay, unitOfWork } from '../src/index.ts';
import { acquireLease, type Lease } from '../src/lease.ts';
import { createListKeeper, rewriteList } from '../src/list-keeper.ts';
import { memoryStream, moved, outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });
const commit = (db: Db, n: number) => unitOfWork(db.context, async ({ record }) => record(moved(`a${n % 7}`, n)));

async function keeping() {
  await using stack = new AsyncDisposableStack();
  const db = stack.use(await outboxDatabase());
  const pool = new Pool({ connectionString: db.url });
  stack.defer(() => pool.end());
  const lease = await acquireLease({ pool, name: 'relay', lifeMs: 600_000 });
  if (lease === undefined) throw new Error('The lease is taken.');
  stack.use(lease);
  const running = stack.move();
  return { db, pool, lease, leaseName: 'relay', [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A transaction that somebody holds open, on a table that has nothing to do with it. */
async function holder(db: Db): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  await client.query('begin isolation level repeatable read');
  await client.query('select count(*) from account');
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

const ids = async (db: Db) => await db.rows<{ id: string }>('select id, generation from outbox_pending order by id');

/** Pages of the table and its index that a read of the list looks at: what it costs, whatever else the machine does. */
async function pagesRead(db: Db): Promise<number> {
  const plan = await db.rows<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    'explain (analyze, buffers, format json) select id from outbox_pending order by id limit 500',
  );
  const top = plan[0]?.['QUERY PLAN'][0].Plan;
  return (top?.['Shared Hit Blocks'] ?? 0) + (top?.['Shared Read Blocks'] ?? 0);
}

test('rewriting keeps what is on the list, and makes reads cheap again while a transaction is held open', async () => {
  await using here = await keeping();
  const { db } = here;
  await using _held = await holder(db);
  await db.rows('insert into outbox_pending select n from generate_series(1, 20000) n');
  await db.rows(`insert into outbox_pending values (20001, null), (20002, 77), (20003, null)`);
  await db.rows('delete from outbox_pending where id <= 20000');
  await db.rows('vacuum outbox_pending');
  const before = [await ids(db), await pagesRead(db)] as const;
  expect(await rewriteList(here)).toBe(3);
  expect(await ids(db)).toEqual(before[0]);
  expect(before[1]).toBeGreaterThan(50);
  expect(await pagesRead(db)).toBeLessThan(5);
});

test('while somebody’s event is not committed it is refused at once, and nobody stands behind it', async () => {
  await using here = await keeping();
  const { db } = here;
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = unitOfWork(db.context, async ({ em, record }) => {
    record(moved('slow', 1));
    await em.execute('insert into outbox_pending (id) values (-1)');
    begun.resolve();
    await gate.promise;
  });
  await begun.promise;
  expect(await rewriteList(here)).toBeUndefined();
  await commit(db, 2); // Would wait for ever behind a lock that was asked for.
  gate.resolve();
  await slow;
  expect(await rewriteList(here)).toBe(3);
});

test('a long list, and one whose lease is another’s, is left alone', async () => {
  await using here = await keeping();
  await here.db.rows('insert into outbox_pending select n from generate_series(1, 1000) n');
  expect(await rewriteList(here)).toBeUndefined();
  await here.db.rows('delete from outbox_pending where id > 5');
  await here.db.rows('update outbox_relay set epoch = epoch + 1');
  expect(await rewriteList(here)).toBeUndefined();
  expect(await ids(here.db)).toHaveLength(5);
});

test('a list is cared for when reads of few rows are slow after many deletes, and judged anew after a refusal', async () => {
  await using here = await keeping();
  const { db } = here;
  const file = async () =>
    (await db.rows<{ f: number }>(`select pg_relation_filenode('outbox_pending')::int as f`))[0]?.f;
  const keeper = createListKeeper({ ...here, log, deletes: 100, slowMs: 0 });
  const readsOf = async (rows: number) => {
    for (let n = 0; n < 9; n++) await keeper.timed(async () => Array.from({ length: rows }));
  };
  const first = await file();
  await readsOf(0);
  await keeper.care();
  expect(await file()).toBe(first); // Few deletes.
  keeper.removed(100);
  {
    await using writer = await holder(db);
    await writer.query('insert into outbox_pending values (1)');
    await keeper.care();
    expect(await file()).toBe(first); // Refused.
    await writer.query('commit');
  }
  await keeper.care();
  expect(await file()).toBe(first); // Not judged yet.
  await readsOf(0);
  await keeper.care();
  expect(await file()).not.toBe(first);
});

test('with a transaction held open and the list rewritten all the time, writers and the relay lose nothing', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await using _held = await holder(db);
  await using pool = Object.assign(new Pool({ connectionString: db.url }), { [Symbol.asyncDispose]: () => pool.end() });
  await using _relay = startRelay({ databaseUrl: db.url, port: stream, bell: db.bell, log, pageSize: 20 });
  await commit(db, -1);
  await stream.until(() => stream.stored.length === 1);
  const [row] = await db.rows<{ owner: string; epoch: string }>('select owner, epoch from outbox_relay');
  const lease = { ...row, isHeld: () => true } as Lease; // The relay's own, so that its fence lets us through.
  const count = { written: 1, rewritten: 0 };
  const write = async (): Promise<void> => {
    while (count.rewritten < 10) {
      await commit(db, count.written++);
      await setImmediate(); // Writers that never let go of the list would never let it be rewritten.
    }
  };
  const rewriteTenTimes = async (): Promise<void> => {
    while (count.rewritten < 10)
      if ((await rewriteList({ pool, lease, leaseName: 'relay' })) !== undefined) count.rewritten++;
  };
  await Promise.all([write(), write(), rewriteTenTimes()]);
  await stream.until(() => stream.stored.length === count.written);
  await expect.poll(db.pending).toBe(0);
});
