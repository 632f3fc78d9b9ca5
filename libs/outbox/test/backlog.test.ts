import { pino } from 'pino';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { outboxStatus, releaseParked, startRelay, unitOfWork, watchBacklog } from '../src/index.ts';
import { memoryStream, moved, outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });
const commit = (db: Db, ...events: ReturnType<typeof moved>[]) =>
  unitOfWork(db.context, async ({ record }) => record(...events));

function poolOf(db: Db): Pool & AsyncDisposable {
  const pool = new Pool({ connectionString: db.url });
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}

test('the status tells what waits for which stream, for how long, and what is parked', async () => {
  await using db = await outboxDatabase();
  await using pool = poolOf(db);
  expect(await outboxStatus(pool)).toEqual({ pending: {}, oldestSeconds: 0, parked: 0 });
  await commit(db, moved('a', 1), moved('b', 2), moved('c', 3, { stream: 'OTHER' }));
  await db.rows(`update outbox_event set recorded_at = now() - interval '90 seconds' where aggregate_id = 'b'`);
  await db.rows(
    `insert into outbox_parked (id, stream, aggregate_id, reason) select id, stream, aggregate_id, 'x' from outbox_event limit 1`,
  );
  const status = await outboxStatus(pool);
  expect(status).toMatchObject({ pending: { ACCOUNTS: 2, OTHER: 1 }, parked: 1 });
  expect(status.oldestSeconds).toBeGreaterThanOrEqual(90);
  expect((await outboxStatus(pool, { countLimit: 1 })).pending).toEqual({ ACCOUNTS: 1 });
});

test('a released aggregate goes on where it was held, in order, whatever is committed and parked meanwhile', async () => {
  await using db = await outboxDatabase();
  await using pool = poolOf(db);
  const stream = memoryStream();
  let isMended = false;
  stream.answer = async (event) =>
    JSON.parse(event.body).n === 0 && !isMended ? { stored: false, reason: 'too large' } : { stored: true };
  await using _relay = startRelay({ databaseUrl: db.url, port: stream, bell: db.bell, log });
  await commit(db, moved('a', 0), moved('b', 0.5));
  await stream.until(() => stream.stored.length === 1);

  const writing = (async () => {
    for (let n = 1; n <= 150; n++) await commit(db, moved('a', n));
  })();
  for (let round = 0; round < 20; round++) await releaseParked(pool, { stream: 'ACCOUNTS', aggregateId: 'a' }); // Parked again each time.
  isMended = true;
  const parked = async () => (await db.rows<{ n: number }>('select count(*)::int as n from outbox_parked'))[0]?.n;
  await writing;
  await expect
    .poll(async () => {
      await releaseParked(pool, { stream: 'ACCOUNTS', aggregateId: 'a' });
      return (await db.pending()) + ((await parked()) ?? 0);
    })
    .toBe(0);
  const numbers = stream.stored.filter(({ aggregateId }) => aggregateId === 'a').map(({ body }) => JSON.parse(body).n);
  expect(numbers).toEqual(Array.from({ length: 151 }, (_, n) => n));
});

test('above the high-water mark writers are told, and below four fifths of it they are let in again', async () => {
  await using db = await outboxDatabase();
  await using backlog = watchBacklog({ databaseUrl: db.url, highWater: 10, log, everyMs: 10 });
  for (let n = 0; n < 10; n++) await commit(db, moved('a', n));
  expect(backlog.isOn()).toBe(false);
  await commit(db, moved('a', 10));
  await expect.poll(() => backlog.isOn()).toBe(true);
  await db.rows('delete from outbox_pending where id in (select id from outbox_pending order by id limit 3)');
  const looks = async () =>
    (
      await db.rows<{ calls: number }>(
        `select pg_stat_get_db_xact_commit(oid)::int as calls from pg_database where datname = current_database()`,
      )
    )[0]?.calls ?? 0;
  const before = await looks();
  await expect.poll(looks).toBeGreaterThan(before); // It has looked, and eight are not below four fifths of ten.
  expect(backlog.isOn()).toBe(true);
  await db.rows('delete from outbox_pending where id in (select id from outbox_pending order by id limit 1)');
  await expect.poll(() => backlog.isOn()).toBe(false);
});
