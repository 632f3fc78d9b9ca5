import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { type RelayOptions, releaseParked, startRelay, type StoredEvent, unitOfWork } from '../src/index.ts';
import { batchingStream } from './batching-stream.ts';
import { moved, outboxDatabase, recordMany } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });

const relayOf = (db: Db, port: RelayOptions['port'], more: Partial<RelayOptions> = {}) =>
  startRelay({
    databaseUrl: db.url,
    port,
    bell: db.bell,
    log,
    pageSize: 50,
    backlogSize: 2_000,
    batchFrom: 20,
    ...more,
  });
const untilSettled = async (db: Db) => expect.poll(db.pending, { timeout: 30_000 }).toBe(0);

const numbersOf = (aggregate: number, count: number, aggregates = 37): number[] =>
  Array.from({ length: count }, (_, n) => n).filter((n) => n % aggregates === aggregate);

function expectAllInOrder(stream: ReturnType<typeof batchingStream>, count: number): void {
  expect(stream.messages).toHaveLength(count);
  for (let aggregate = 0; aggregate < 37; aggregate++)
    expect(stream.numbersOf(`a${aggregate}`)).toEqual(numbersOf(aggregate, count));
  expect(stream.complaints).toEqual([]);
}

test('a backlog goes out in batches, each committed after the former’s acknowledgement, in order for each aggregate', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  stream.afterCommit = async () => new Promise((resolve) => setImmediate(resolve));
  await recordMany(db, 7_000);
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  expectAllInOrder(stream, 7_000);
  expect(stream.batches.filter((size) => size === 1_000).length).toBeGreaterThanOrEqual(5);
  expect(stream.singles).toBe(0);
  const [note] = await db.rows(`select max(position)::int as position from outbox_watermark`);
  expect(note).toEqual({ position: 7_000 });
});

test('what a transaction commits while the backlog goes out follows it, lower numbers included', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  const late = Promise.withResolvers<void>();
  const slow = unitOfWork(db.context, async ({ em, record }) => {
    const rows = await em.execute<{ id: string }[]>(
      `insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
       values (gen_random_uuid(), 'ACCOUNTS', 'slow', 't', 's', '{}', '{"n": 1}') returning id`,
    );
    await em.execute('insert into outbox_pending (id) values (?)', [rows[0]?.id]);
    await late.promise;
    record(moved('slow', 2));
  });
  await expect
    .poll(() =>
      db.rows(`select 1 from pg_locks where relation = 'outbox_pending'::regclass and mode = 'RowExclusiveLock'`),
    )
    .not.toEqual([]);
  await recordMany(db, 4_000);
  stream.beforeCommit = async () => {
    late.resolve();
    await slow;
  };
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  expect(stream.numbersOf('slow')).toEqual([1, 2]);
  expect(stream.messages).toHaveLength(4_002);
});

test('a stream that takes no batches gets the backlog one by one', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  stream.takesBatches = false;
  await recordMany(db, 500);
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  expectAllInOrder(stream, 500);
  expect([stream.batches, stream.singles]).toEqual([[], 500]);
});

test('a batch that is refused, can’t be staged, or whose answer is lost, goes out one by one, and each event is stored once', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  const [commits, stagings] = [{ count: 0 }, { count: 0 }];
  stream.beforeStage = () => {
    if (stagings.count++ === 1) throw new Error('too large for a batch');
  };
  stream.beforeCommit = async () => {
    if (commits.count++ % 4 === 1) throw new Error('refused');
  };
  stream.afterCommit = async () => {
    if (commits.count % 4 === 3) throw new Error('timeout'); // It is stored, and nobody hears of it.
  };
  await recordMany(db, 9_000);
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  expectAllInOrder(stream, 9_000);
  expect(stream.singles).toBeGreaterThan(2_000);
  expect(stream.batches.length).toBeGreaterThan(2);
});

test('a refused event in a backlog is parked with what follows it, and releasing it in the middle of a drain keeps its order', async () => {
  await using db = await outboxDatabase();
  await using pool = Object.assign(new Pool({ connectionString: db.url }), { [Symbol.asyncDispose]: () => pool.end() });
  const stream = batchingStream();
  const isPoison = ({ body }: StoredEvent): boolean => JSON.parse(body).n === 40; // Of a3, with 77, 114 … after it.
  let isMended = false;
  let released = 0;
  stream.beforeCommit = async (events) => {
    if (!isMended && events.some(isPoison)) throw new Error('incomplete');
    const parked = await db.rows('select 1 from outbox_parked');
    if (parked.length > 0) isMended = true;
    if (isMended && released === 0) released = await releaseParked(pool, { stream: 'ACCOUNTS', aggregateId: 'a3' });
  };
  stream.beforePublish = async (event) => (!isMended && isPoison(event) ? 'too large' : undefined);
  await recordMany(db, 6_000);
  await using _relay = relayOf(db, stream);
  await expect
    .poll(async () => (await db.pending()) + (await db.rows('select 1 from outbox_parked')).length, { timeout: 30_000 })
    .not.toBe(6_000);
  await expect
    .poll(
      async () => {
        if (isMended) await releaseParked(pool, { stream: 'ACCOUNTS', aggregateId: 'a3' });
        return stream.messages.length;
      },
      { timeout: 30_000 },
    )
    .toBe(6_000);
  await untilSettled(db);
  expectAllInOrder(stream, 6_000);
});

test('events that are over by then are settled and not sent; a stream that fails waits, and the other’s backlog goes on', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  let isFailing = true;
  const refuse = ({ stream: name }: StoredEvent): void => {
    if (isFailing && name === 'FULL') throw new Error('maximum bytes exceeded');
  };
  stream.beforeCommit = async ([first]) => first && refuse(first);
  stream.beforePublish = async (event) => {
    refuse(event);
    return undefined;
  };
  await recordMany(db, 1_500, { stream: 'FULL' });
  await recordMany(db, 3_000);
  await db.rows(
    `update outbox_event set expires_at = now() where stream = 'ACCOUNTS' and (payload ->> 'n')::int % 37 = 5`,
  );
  await using relay = relayOf(db, stream);
  await expect.poll(() => stream.messages.length, { timeout: 30_000 }).toBe(3_000 - numbersOf(5, 3_000).length);
  await expect.poll(() => relay.health().status).toBe('down');
  expect(stream.numbersOf('a5')).toEqual([]);
  isFailing = false;
  await untilSettled(db);
  expect(stream.messages.filter((one) => one.stream === 'FULL')).toHaveLength(1_500);
});

test('a relay whose lease went to another one between staging and committing commits nothing more', async () => {
  await using db = await outboxDatabase();
  const stream = batchingStream();
  await recordMany(db, 5_000);
  stream.beforeCommit = async () => {
    stream.beforeCommit = async () => undefined;
    await db.rows(
      `update outbox_relay set owner = gen_random_uuid(), epoch = epoch + 1, held_until = now() + interval '1 hour'`,
    );
    await sleep(400); // No renewal succeeds any more, so that its trust in the lease ends with the lease's life.
  };
  const relay = relayOf(db, stream, { leaseLifeMs: 300 });
  await expect.poll(() => relay.health().detail, { timeout: 30_000 }).toMatch(/standing by/);
  await relay[Symbol.asyncDispose]();
  expect(stream.messages.length).toBeLessThanOrEqual(1_050);
  expect(await db.pending()).toBeGreaterThanOrEqual(4_950); // What a fenced relay settles is settled by nobody.
});
