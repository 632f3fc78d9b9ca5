import { pino } from 'pino';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { startRelay, type StoredEvent, type StreamPort, unitOfWork } from '../src/index.ts';
import { acquireLease } from '../src/lease.ts';
import { compactNotes, repairLoss } from '../src/watermarks.ts';
import { memoryStream, moved, outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });

/** A stream with positions, which can be cut short or made anew. */
function positionedStream() {
  const memory = memoryStream();
  let messages: StoredEvent[] = [];
  let identity = 1;
  const port = {
    publish: async (event: StoredEvent) => {
      const answer = await memory.publish(event);
      if (!answer.stored) return answer;
      const known = messages.findIndex(({ eventId }) => eventId === event.eventId);
      if (known === -1) messages.push(event);
      return { stored: true, position: known === -1 ? messages.length : known + 1, isDuplicate: known !== -1 };
    },
    inspect: async () => ({ identity: String(identity), lastPosition: messages.length }),
  } satisfies StreamPort;
  return {
    ...port,
    numbers: () => messages.map(({ body }) => Number(JSON.parse(body).n)).toSorted((a, b) => a - b),
    cut: (length: number) => (messages = messages.slice(0, length)),
    makeAnew: () => [(messages = []), identity++],
    until: memory.until,
  };
}

const commit = (db: Db, n: number, more = {}) =>
  unitOfWork(db.context, async ({ record }) => record(moved(`a${n % 7}`, n, more)));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const relayOf = (db: Db, port: StreamPort) =>
  startRelay({ databaseUrl: db.url, port, bell: db.bell, log, lookEveryMs: 20, pageSize: 10 });

test('a stream that is cut short again and again while events are written has them all in the end', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  await using _relay = relayOf(db, stream);
  for (let n = 0; n < 200; n++) {
    await commit(db, n);
    if (n % 20 === 13) stream.cut(Math.floor(stream.numbers().length / 2));
    if (n === 101) stream.makeAnew();
  }
  await expect.poll(stream.numbers, { timeout: 20_000 }).toEqual(upTo(200));
});

test('an idle relay finds the loss by itself', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  await using _relay = relayOf(db, stream);
  for (const n of upTo(30)) await commit(db, n);
  await expect.poll(() => stream.numbers().length).toBe(30);
  await expect.poll(db.pending).toBe(0);
  stream.cut(3);
  await expect.poll(stream.numbers, { timeout: 20_000 }).toEqual(upTo(30));
});

test('what is over, parked, or another stream’s is not sent again', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  {
    await using _relay = relayOf(db, stream);
    for (const n of upTo(4)) await commit(db, n, n === 3 ? { stream: 'OTHER' } : {});
    await expect.poll(() => stream.numbers().length).toBe(4);
    await expect.poll(db.pending).toBe(0);
  }
  await db.rows(`update outbox_event set expires_at = now() where payload = '{"n": 0}'`);
  await db.rows(
    `insert into outbox_parked (id, stream, aggregate_id, reason) select id, stream, aggregate_id, 'x' from outbox_event where payload = '{"n": 1}'`,
  );
  await using pool = Object.assign(new Pool({ connectionString: db.url }), {
    [Symbol.asyncDispose]: async () => pool.end(),
  });
  await using lease = await acquireLease({ pool, name: 'relay', lifeMs: 60_000 });
  if (lease === undefined) throw new Error('The lease is taken.');
  const loss = { stream: 'ACCOUNTS', state: { identity: '1', lastPosition: 0 }, heldPosition: 0 };
  expect(await repairLoss(pool, { name: 'relay', ...lease }, loss)).toBe(1);
  expect(await repairLoss(pool, { name: 'relay', ...lease }, loss)).toBe(0);
  const again = 'select payload from outbox_pending join outbox_event using (id)';
  expect(await db.rows(again)).toEqual([{ payload: { n: 2 } }]);
  await expect(repairLoss(pool, { name: 'relay', owner: lease.owner, epoch: '99' }, loss)).rejects.toThrow('lease');
});

test('notes that were made one of several still cover whatever was published after any position', async () => {
  await using db = await outboxDatabase();
  await using pool = Object.assign(new Pool({ connectionString: db.url }), {
    [Symbol.asyncDispose]: async () => pool.end(),
  });
  // Five minutes of pages; slow transactions let low numbers be published late.
  const pages = upTo(600).map((n) => ({
    position: n + 1,
    lowestId: Math.max(1, n + 1 - ((n * 7919) % 50)),
    age: 300 - n / 2,
  }));
  for (const { position, lowestId, age } of pages)
    await pool.query(
      `insert into outbox_watermark (stream, identity, position, lowest_id, noted_at) values ('S', '1', $1, $2, now() - $3 * interval '1 second')`,
      [position, lowestId, age],
    );
  await compactNotes(pool);
  await compactNotes(pool);
  const notes = await db.rows<{ position: number; lowest: number }>(
    'select position::int, lowest_id::int as lowest from outbox_watermark order by id',
  );
  expect(notes.length).toBeLessThan(160);
  const lowestAfter = (all: { position: number; lowest: number }[], held: number) =>
    Math.min(...all.filter(({ position }) => position > held).map(({ lowest }) => lowest));
  const before = pages.map(({ position, lowestId }) => ({ position, lowest: lowestId }));
  for (const held of upTo(600)) expect(lowestAfter(notes, held)).toBeLessThanOrEqual(lowestAfter(before, held));
});
