import { pino } from 'pino';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { releaseParked, startRelay, type StoredEvent, type StreamPort, unitOfWork } from '../src/index.ts';
import { acquireLease } from '../src/lease.ts';
import { parkPoison, readPending } from '../src/pending-events.ts';
import { compactNotes, repairLoss } from '../src/watermarks.ts';
import { memoryStream, moved, outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;
const log = pino({ level: 'silent' });

/** A stream with positions, which can be cut short or made anew; others may publish to it, and it never forgets an id. */
function positionedStream() {
  const memory = memoryStream();
  let messages: (StoredEvent | 'foreign')[] = [];
  const known = new Map<string, number>();
  let identity = 1;
  const port = {
    publish: async (event: StoredEvent) => {
      const answer = await memory.publish(event);
      if (!answer.stored) return answer;
      const position = known.get(event.messageId);
      if (position !== undefined) return { stored: true, position, isDuplicate: true };
      known.set(event.messageId, messages.push(event));
      return { stored: true, position: messages.length };
    },
    inspect: async () => ({ identity: String(identity), lastPosition: messages.length }),
    isReplaced: async ({ eventId }: { eventId: string }, position: number) => {
      const there = messages[position - 1];
      return there !== undefined && (there === 'foreign' || there.eventId !== eventId);
    },
  } satisfies StreamPort;
  const own = () => messages.filter((one) => one !== 'foreign');
  return {
    ...port,
    own,
    length: () => messages.length,
    /** Each once. */
    numbers: () => [...new Set(own().map(({ body }) => Number(JSON.parse(body).n)))].toSorted((a, b) => a - b),
    cut: (length: number) => (messages = messages.slice(0, length)),
    addForeign: (count: number) => messages.push(...Array.from({ length: count }, () => 'foreign' as const)),
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
  await expect.poll(stream.length).toBe(30);
  await expect.poll(db.pending).toBe(0);
  stream.cut(3);
  await expect.poll(stream.numbers, { timeout: 20_000 }).toEqual(upTo(30));
});

test('what was acknowledged while the connection changed under the page is noted all the same, and found when it is lost', async () => {
  await using db = await outboxDatabase();
  const streams = { ACCOUNTS: positionedStream(), OTHER: positionedStream() };
  const of = (name: string) => (name === 'OTHER' ? streams.OTHER : streams.ACCOUNTS);
  let generation = 1;
  const port: StreamPort = {
    publish: async (event) => of(event.stream).publish(event),
    inspect: async (name) => {
      const state = await of(name).inspect();
      if (name === 'ACCOUNTS' && generation === 1) generation++; // Reconnected after this look, and before the one at the other stream.
      return state;
    },
    isReplaced: async (event, position) => of(event.stream).isReplaced(event, position),
    generation: () => generation,
  };
  await commit(db, 0);
  await commit(db, 1, { stream: 'OTHER' });
  await using _relay = relayOf(db, port);
  await expect.poll(() => [streams.ACCOUNTS.length(), streams.OTHER.length()]).toEqual([1, 1]);
  await expect.poll(db.pending).toBe(0);
  streams.ACCOUNTS.cut(0);
  await expect.poll(streams.ACCOUNTS.numbers, { timeout: 20_000 }).toEqual([0]);
});

test('a loss that others’ messages have grown over is found by what stands at the noted positions', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  {
    await using _relay = relayOf(db, stream);
    for (const n of upTo(60)) {
      await commit(db, n); // One by one, so that there are many notes.
      await expect.poll(db.pending).toBe(0);
    }
  }
  stream.cut(40);
  stream.addForeign(30);
  await using _relay = relayOf(db, stream);
  await expect.poll(stream.numbers, { timeout: 20_000 }).toEqual(upTo(60));
  await expect.poll(db.pending).toBe(0);
  const again = stream.own().length - 60; // Some that were not lost come again, no more of them than were.
  expect(again).toBeLessThanOrEqual(20);
});

test('what is lost is published again under its own event id and another message id, which a stream that forgets no id takes', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  await using _relay = relayOf(db, stream);
  for (const n of upTo(10)) await commit(db, n);
  await expect.poll(stream.length).toBe(10);
  await expect.poll(db.pending).toBe(0);
  const ids = stream.own().map(({ eventId }) => eventId);
  for (const loss of [1, 2, 3]) {
    stream.cut(0);
    await expect.poll(() => stream.numbers().length, { timeout: 20_000 }).toBe(10);
    await expect.poll(db.pending).toBe(0);
    expect(
      stream
        .own()
        .map(({ eventId }) => eventId)
        .toSorted(),
      `loss ${loss}`,
    ).toEqual(ids.toSorted());
    for (const { eventId, messageId } of stream.own()) expect(messageId).toMatch(new RegExp(`^${eventId}\\.r\\d+$`));
  }
});

test('an event that was lost and waits behind a parked one keeps its new message id when it is released', async () => {
  await using db = await outboxDatabase();
  await using pool = Object.assign(new Pool({ connectionString: db.url }), {
    [Symbol.asyncDispose]: async () => pool.end(),
  });
  await commit(db, 1);
  await db.rows('update outbox_pending set generation = 7');
  await using lease = await acquireLease({ pool, name: 'relay', lifeMs: 60_000 });
  if (lease === undefined) throw new Error('The lease is taken.');
  const [event] = await readPending(pool, 10, []);
  expect(event?.messageId).toBe(`${event?.eventId}.r7`);
  await parkPoison(pool, 'relay', lease, event?.id ?? '', 'too large');
  await releaseParked(pool, { stream: 'ACCOUNTS', aggregateId: 'a1' });
  expect((await readPending(pool, 10, []))[0]?.messageId).toBe(`${event?.eventId}.r7`);
});

test('what is over, parked, or another stream’s is not sent again', async () => {
  await using db = await outboxDatabase();
  const stream = positionedStream();
  {
    await using _relay = relayOf(db, stream);
    for (const n of upTo(4)) await commit(db, n, n === 3 ? { stream: 'OTHER' } : {});
    await expect.poll(stream.length).toBe(4);
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
