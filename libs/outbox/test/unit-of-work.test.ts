import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import type { Socket } from 'node:net';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { describe, expect, test } from 'vitest';
import { prepareRecording, type Unit, unitOfWork } from '../src/index.ts';
import { Account, moved, outboxDatabase } from './outbox-fixture.ts';

test('state and events are committed together, and the bell rings after', async () => {
  await using db = await outboxDatabase();
  let rang = 0;
  const result = await unitOfWork({ ...db.context, bell: { ring: () => rang++ } }, async ({ em, record }) => {
    em.create(Account, { id: 'a', balance: 1 }, { persist: true });
    record(moved('a', 1), moved('a', 2, { expiresAt: '2030-01-01T00:00:00.000Z' }));
    record(moved('b', 3));
    expect(rang).toBe(0);
    return 'done';
  });
  expect(result).toBe('done');
  expect(rang).toBe(1);
  expect(await db.rows('select id from account')).toEqual([{ id: 'a' }]);
  const log = await db.rows<{ id: string }>(
    `select e.id, aggregate_id, payload, headers, expires_at, event_id::text ~ '^.{14}7' as is_v7 from outbox_event e join outbox_pending using (id) order by e.id`,
  );
  expect(log).toMatchObject([
    { aggregate_id: 'a', payload: { n: 1 }, headers: { traceparent: '00-trace' }, expires_at: null, is_v7: true },
    { aggregate_id: 'a', payload: { n: 2 }, expires_at: new Date('2030-01-01') },
    { aggregate_id: 'b', payload: { n: 3 } },
  ]);
});

test('a unit that throws writes neither state nor events, and rings nothing', async () => {
  await using db = await outboxDatabase();
  const failing = unitOfWork({ ...db.context, bell: { ring: () => expect.unreachable() } }, async ({ em, record }) => {
    em.create(Account, { id: 'a' }, { persist: true });
    await em.flush();
    record(moved('a', 1));
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  expect(await db.rows('select 1 from account union all select 1 from outbox_event')).toEqual([]);
});

test('a unit whose flush is refused by the database writes nothing', async () => {
  await using db = await outboxDatabase();
  const insert = () =>
    unitOfWork(db.context, async ({ em, record }) => {
      em.create(Account, { id: 'a' }, { persist: true });
      record(moved('a', 1));
    });
  await insert();
  await expect(insert()).rejects.toThrow(/account_pkey/);
  expect(await db.pending()).toBe(1);
});

describe.each([
  ['COMMIT is sent behind the INSERT', { pipeline: true }, true],
  ['COMMIT is sent after the INSERT', {}, false],
])('%s', (_how, driver, isSentBehind) => {
  const driverOptions = { ...driver, onPoolCreated: prepareRecording };

  test('and so it is, while the INSERT waits', async () => {
    const written: string[] = [];
    const onPoolCreated = (pool: Pool): void => {
      prepareRecording(pool);
      pool.on('connect', (client) => noteWrites(client, written));
    };
    await using db = await outboxDatabase({ ...driver, onPoolCreated });
    await db.rows('begin');
    await db.rows('lock table outbox_pending in access exclusive mode');
    const unit = unitOfWork(db.context, async ({ record }) => record(moved('a', 1)));
    await expect.poll(() => written.join('')).toContain('outbox_event');
    // What is sent behind it is sent within the same turns.
    for (let turn = 0; turn < 100; turn++) await endOfTurn();
    expect(written.join('').includes('commit')).toBe(isSentBehind);
    await db.rows('commit');
    await unit;
    expect(written.join('')).toContain('commit');
  });

  test('a unit whose events can’t be written down writes nothing', async () => {
    await using db = await outboxDatabase({ ...driverOptions, max: 1 });
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const aggregateId = circular as unknown as string; // Against its type, as JavaScript can.
    const unit = unitOfWork(db.context, async ({ em, record }) => {
      em.create(Account, { id: 'a' }, { persist: true });
      record({ ...moved('a', 1), aggregateId });
    });
    await expect(unit).rejects.toThrow(/circular/);
    expect(await db.rows('select from account union all select from outbox_event')).toEqual([]);
  });

  test('state and events are of one transaction', async () => {
    await using db = await outboxDatabase(driverOptions);
    const write = async (n: number) =>
      unitOfWork(db.context, async ({ em, record }) => {
        em.create(Account, { id: `a${n}` }, { persist: true });
        record(moved(`a${n}`, n), moved(`a${n}`, n + 0.5));
      });
    await Promise.all(Array.from({ length: 200 }, (_, n) => write(n)));
    const together = await db.rows(
      `select from account a join outbox_event e on e.aggregate_id = a.id and e.xmin = a.xmin join outbox_pending p on p.id = e.id and p.xmin = a.xmin`,
    );
    expect(together).toHaveLength(400);
  });

  test('a unit whose events are refused by the database writes nothing, and says why', async () => {
    await using db = await outboxDatabase(driverOptions);
    const unit = unitOfWork({ ...db.context, bell: { ring: () => expect.unreachable() } }, async ({ em, record }) => {
      em.create(Account, { id: 'a' }, { persist: true });
      record(moved('a', 1, { expiresAt: 'never' }));
    });
    await expect(unit).rejects.toThrow(/invalid input syntax for type timestamp/);
    expect(await db.rows('select from account union all select from outbox_event')).toEqual([]);
    // The connection that it had is as good as any.
    await unitOfWork(db.context, async ({ record }) => record(moved('a', 1)));
    expect(await db.pending()).toBe(1);
  });
});

test('events without a change of state are committed too', async () => {
  await using db = await outboxDatabase();
  await unitOfWork(db.context, async ({ record }) => record(moved('a', 1)));
  expect(await db.pending()).toBe(1);
});

test('payloads are parameters, never part of the statement', async () => {
  await using db = await outboxDatabase();
  const nasty = { text: `'; drop table outbox_event; -- ? $1 \\ " {"a":1}`, unicode: '😀 \u2028' };
  await unitOfWork(db.context, async ({ record }) => record(moved("a'b", 1, { payload: nasty })));
  expect(await db.rows('select payload, aggregate_id from outbox_event')).toEqual([
    { payload: nasty, aggregate_id: "a'b" },
  ]);
});

test('recording after the unit has ended throws instead of losing the event', async () => {
  await using db = await outboxDatabase();
  let escaped: Unit['record'] | undefined;
  await unitOfWork(db.context, async ({ record }) => {
    escaped = record;
  });
  expect(() => escaped?.(moved('a', 1))).toThrow(/after its unit of work had ended/);
});

test('units do not nest, by their own or by the global EntityManager', async () => {
  await using db = await outboxDatabase();
  const inner = (em: EntityManager) => unitOfWork({ ...db.context, em }, async () => undefined);
  await expect(unitOfWork(db.context, async ({ em }) => inner(em))).rejects.toThrow(/do not nest/);
  await expect(unitOfWork(db.context, async () => inner(db.em))).rejects.toThrow(/do not nest/);
});

test('numbers follow the order of commits of an aggregate, under concurrent writers', async () => {
  await using db = await outboxDatabase();
  await unitOfWork(db.context, async ({ em }) => void em.create(Account, { id: 'a' }, { persist: true }));
  const write = () =>
    unitOfWork(db.context, async ({ em, record }) => {
      const account = await em.findOneOrFail(Account, { id: 'a' }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      account.balance += 1;
      record(moved('a', account.balance));
    });
  await Promise.all(Array.from({ length: 60 }, write));
  const order = await db.rows<{ n: string }>(`select payload ->> 'n' as n from outbox_event order by id`);
  expect(order.map(({ n }) => Number(n))).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
});

/** Notes what goes out on a connection. */
function noteWrites(client: PoolClient, written: string[]): void {
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Socket } }).connection; // There, though its type hides it.
  const write = stream.write.bind(stream) as (...parameters: unknown[]) => boolean;
  const noted = (chunk: Uint8Array, ...rest: unknown[]): boolean => {
    written.push(Buffer.from(chunk).toString('latin1'));
    return write(chunk, ...rest);
  };
  stream.write = noted as typeof stream.write; // The same call, noted.
}
