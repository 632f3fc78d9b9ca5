import { Client, Pool } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type RelayOptions, startRelay, unitOfWork } from '../src/index.ts';
import { acquireLease } from '../src/lease.ts';
import { parkBlocked, parkPoison, settlePending } from '../src/pending-events.ts';
import { memoryStream, moved, outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });

const relayOf = (db: Db, port: RelayOptions['port'], more: Partial<RelayOptions> = {}) =>
  startRelay({ databaseUrl: db.url, port, bell: db.bell, log, ...more });
const commit = (db: Db, ...events: ReturnType<typeof moved>[]) =>
  unitOfWork(db.context, async ({ record }) => record(...events));
const untilSettled = async (db: Db) => expect.poll(db.pending, { timeout: 20_000 }).toBe(0);

test('what was committed is published, in order for each aggregate, and taken off the list', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await using _relay = relayOf(db, stream);
  const aggregates = ['a', 'b', 'c', 'd', 'e'];
  await Promise.all(
    aggregates.map(async (id) => {
      for (let n = 0; n < 40; n++) await commit(db, moved(id, n), moved(id, n + 0.5));
    }),
  );
  await stream.until(() => stream.stored.length === 400);
  await untilSettled(db);
  for (const id of aggregates) {
    const numbers = stream.stored.filter((event) => event.aggregateId === id).map((event) => JSON.parse(event.body).n);
    expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
    expect(numbers).toHaveLength(80);
  }
  expect(stream.attempts).toHaveLength(400);
});

test('a stream that does not answer loses nothing: the same events come again with the same ids, in order', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  let refusals = 0;
  stream.answer = async () => {
    if (refusals++ < 7) throw new Error('no responders');
    return { stored: true };
  };
  await commit(db, moved('a', 1), moved('a', 2), moved('b', 3));
  await using relay = relayOf(db, stream);
  await stream.until(() => stream.attempts.length > 0);
  await expect.poll(() => relay.health().status).toBe('down');
  await stream.until(() => stream.stored.length === 3);
  await untilSettled(db);
  expect(stream.stored.filter(({ aggregateId }) => aggregateId === 'a').map(({ body }) => JSON.parse(body).n)).toEqual([
    1, 2,
  ]);
  expect(new Set(stream.attempts.map(({ eventId }) => eventId)).size).toBe(3);
  await expect.poll(() => relay.health().status).toBe('up');
});

test('an acknowledgement that was lost on the way is asked for again under the same id, and stored once', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  let lost = true;
  const { publish } = stream;
  const lossy = {
    publish: async (event: Parameters<typeof publish>[0]) => {
      const answer = await publish(event);
      if (lost) throw new Error(`timeout ${(lost = false)}`);
      return answer;
    },
  };
  await commit(db, moved('a', 1));
  await using _relay = relayOf(db, lossy);
  await untilSettled(db);
  expect(stream.attempts).toHaveLength(2);
  expect(stream.stored).toHaveLength(1);
});

test('a poison event is parked with its reason and holds back its own aggregate only', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  stream.answer = async (event) =>
    JSON.parse(event.body).n === 13 ? { stored: false, reason: 'too large' } : { stored: true };
  await commit(db, moved('a', 1), moved('a', 13), moved('a', 2), moved('b', 3));
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  await commit(db, moved('a', 4), moved('b', 5));
  await untilSettled(db);
  expect(stream.stored.map(({ body }) => JSON.parse(body).n)).toEqual(expect.arrayContaining([1, 3, 5]));
  const parked = await db.rows(
    `select payload -> 'n' as n, reason like 'too large%' as is_poison from outbox_parked join outbox_event using (id) order by id`,
  );
  expect(parked).toEqual([
    { n: 13, is_poison: true },
    { n: 2, is_poison: false },
    { n: 4, is_poison: false },
  ]);
});

test('an event that is over before it could be published is settled without being sent', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await commit(db, moved('a', 1, { expiresAt: new Date(Date.now() - 1_000).toISOString() }), moved('a', 2));
  await using _relay = relayOf(db, stream);
  await untilSettled(db);
  expect(stream.stored.map(({ body }) => JSON.parse(body).n)).toEqual([2]);
});

test('a transaction that commits late with a lower number is not skipped', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await using _relay = relayOf(db, stream);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const slow = unitOfWork(db.context, async ({ em, record }) => {
    // Takes its number now, and commits after the others.
    const inserted = await em.execute<{ id: string }[]>(
      `insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
       values (gen_random_uuid(), 'ACCOUNTS', 'slow', 't', 's', '{}', '{"n": 0}') returning id`,
    );
    await em.execute('insert into outbox_pending values (?)', [inserted[0]?.id]);
    await released;
    record(moved('slow', 1));
  });
  for (let n = 0; n < 20; n++) await commit(db, moved('fast', n));
  await stream.until(() => stream.stored.length === 20);
  release();
  await slow;
  await stream.until(() => stream.stored.length === 22);
  await untilSettled(db);
  expect(stream.stored.slice(20).map(({ body }) => JSON.parse(body).n)).toEqual([0, 1]);
});

test('an event is found by its number, however small the log was when the relay began', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await using _relay = relayOf(db, stream);
  await commit(db, moved('a', 0));
  await untilSettled(db);
  // No statistics tell of these: whoever plans by them believes that the log has one row.
  await db.rows(
    `insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
     select gen_random_uuid(), 'ACCOUNTS', 'old', 't', 's', '{}', '{}' from generate_series(1, 20000)`,
  );
  const read = async (): Promise<number> => {
    const [row] = await db.rows<{ rows: string }>(
      `select seq_tup_read + idx_tup_fetch as rows from pg_stat_user_tables where relname = 'outbox_event'`,
    );
    return Number(row?.rows);
  };
  const before = await read();
  for (let n = 1; n <= 20; n++) await commit(db, moved('a', n));
  await untilSettled(db);
  await expect.poll(read, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 20); // Statistics come late.
  expect((await read()) - before).toBeLessThan(1_000);
});

test('of two relays one works and the other stands by; when the first stops, the second goes on', async () => {
  await using db = await outboxDatabase();
  const [one, other] = [memoryStream(), memoryStream()];
  const first = relayOf(db, one);
  await commit(db, moved('a', 1));
  await one.until(() => one.stored.length === 1);
  await using second = relayOf(db, other);
  await expect.poll(() => second.health().detail).toMatch(/standing by/);
  await first[Symbol.asyncDispose]();
  await commit(db, moved('a', 2));
  await other.until(() => other.stored.length === 1);
  await untilSettled(db);
  expect(one.stored).toHaveLength(1);
});

test('a lease that ran out goes to another owner, and fences what the old one still writes', async () => {
  await using db = await outboxDatabase();
  const pool = new Pool({ connectionString: db.url });
  await commit(db, moved('a', 1));
  const [row] = await db.rows<{ id: string }>('select id from outbox_pending');
  const stale = await acquireLease({ pool, name: 'relay', lifeMs: 600_000 });
  expect(stale?.isHeld()).toBe(true);
  expect(await acquireLease({ pool, name: 'relay', lifeMs: 600_000 })).toBeUndefined();
  // What a pause past its life looks like from outside.
  await db.rows(`update outbox_relay set held_until = now() - interval '1 second'`);
  const next = await acquireLease({ pool, name: 'relay', lifeMs: 600_000 });
  expect(Number(next?.epoch)).toBe(Number(stale?.epoch) + 1);
  if (stale === undefined || next === undefined || row === undefined) throw new Error('Nothing was leased.');
  await settlePending(pool, 'relay', stale, [row.id]);
  await parkPoison(pool, 'relay', stale, row.id, 'zombie');
  await parkBlocked(pool, 'relay', stale, [row.id]);
  expect(await db.pending()).toBe(1);
  await settlePending(pool, 'relay', next, [row.id]);
  expect(await db.pending()).toBe(0);
  await next[Symbol.asyncDispose]();
  await stale[Symbol.asyncDispose]();
  await pool.end();
});

test('connections that are cut are opened again', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  await using _relay = relayOf(db, stream, { leaseLifeMs: 600 });
  await commit(db, moved('a', 1));
  await stream.until(() => stream.stored.length === 1);
  await untilSettled(db); // Cut before that, it would rightly be published again.
  const client = new Client({ connectionString: db.url });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'outbox-relay' and datname = current_database()`,
  );
  await client.end();
  await commit(db, moved('a', 2));
  await stream.until(() => stream.stored.length === 2);
  await untilSettled(db);
  expect(stream.attempts).toHaveLength(2);
});

test('a stream that refuses holds back nobody else, however much waits for it', async () => {
  await using db = await outboxDatabase();
  const stream = memoryStream();
  stream.answer = async (event) => {
    if (event.stream === 'FULL') throw new Error('maximum bytes exceeded');
    return { stored: true };
  };
  for (let n = 0; n < 12; n++) await commit(db, moved(`full${n}`, n, { stream: 'FULL' }));
  await using relay = relayOf(db, stream, { pageSize: 4 });
  await expect
    .poll(() => relay.health())
    .toMatchObject({ status: 'down', detail: 'the stream FULL does not take events' });
  for (let n = 0; n < 5; n++) await commit(db, moved(`other${n}`, n));
  await stream.until(() => stream.stored.length === 5);
  stream.answer = async () => ({ stored: true });
  await untilSettled(db);
  expect(stream.stored).toHaveLength(17);
});

test('events behind a parked one that was released meanwhile are not parked after it', async () => {
  await using db = await outboxDatabase();
  const pool = new Pool({ connectionString: db.url });
  await commit(db, moved('a', 2));
  const [row] = await db.rows<{ id: string }>('select id from outbox_pending');
  const lease = await acquireLease({ pool, name: 'relay', lifeMs: 600_000 });
  if (lease === undefined || row === undefined) throw new Error('Nothing was leased.');
  await parkBlocked(pool, 'relay', lease, [row.id]);
  expect(await db.pending()).toBe(1);
  await lease[Symbol.asyncDispose]();
  await pool.end();
});
