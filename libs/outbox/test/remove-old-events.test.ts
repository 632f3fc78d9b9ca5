import { Client } from 'pg';
import { expect, test } from 'vitest';
import { removeOldEvents } from '../src/index.ts';
import { outboxDatabase } from './outbox-fixture.ts';

type Db = Awaited<ReturnType<typeof outboxDatabase>>;

/** Events named `e1`, `e2` … in this order, each so many days old. */
async function log(db: Db, ages: readonly number[]): Promise<void> {
  await db.rows(
    `insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload, recorded_at)
     select gen_random_uuid(), 'ACCOUNTS', 'e' || n, 't', 's', '{}', '{}', now() - age * interval '1 day'
     from unnest($1::float8[]) with ordinality as row (age, n)`,
    [ages],
  );
}

const left = async (db: Db): Promise<string[]> =>
  (await db.rows<{ name: string }>('select aggregate_id as name from outbox_event order by id')).map(
    ({ name }) => name,
  );
const remove = (client: Client, limit = 1_000) => removeOldEvents(client, { olderThanDays: 7, limit });

async function connect(db: Db): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

test('events leave the log by age; what is pending or parked stays, however old', async () => {
  await using db = await outboxDatabase();
  await using client = await connect(db);
  await log(db, [30, 20, 15, 10, 7.1, 6.9, 1, 0]);
  await db.rows(`insert into outbox_pending select id from outbox_event where aggregate_id = 'e1'`);
  await db.rows(
    `insert into outbox_parked (id, stream, aggregate_id, reason) select id, stream, aggregate_id, 'too large' from outbox_event where aggregate_id = 'e3'`,
  );
  expect(await remove(client)).toBe(3);
  expect(await left(db)).toEqual(['e1', 'e3', 'e6', 'e7', 'e8']);
  expect(await remove(client)).toBe(0);
});

test('a statement removes no more than its limit, the oldest first, and parked events in front keep none behind them', async () => {
  await using db = await outboxDatabase();
  await using client = await connect(db);
  await log(db, [40, 39, 38, 12, 11, 10, 9]);
  await db.rows(
    `insert into outbox_parked (id, stream, aggregate_id, reason) select id, stream, aggregate_id, 'too large' from outbox_event order by id limit 3`,
  );
  expect(await remove(client, 2)).toBe(2);
  expect(await left(db)).toEqual(['e1', 'e2', 'e3', 'e6', 'e7']);
  expect(await remove(client, 2)).toBe(2);
  expect(await remove(client, 2)).toBe(0);
});

test('it reads the log by its primary key, and no more of it than it removes', async () => {
  await using db = await outboxDatabase();
  await using client = await connect(db);
  await log(
    db,
    Array.from({ length: 20_000 }, (_, n) => (20_000 - n) / 1_000),
  );
  await db.rows('analyze outbox_event');
  const plan: string[] = [];
  await removeOldEvents(
    {
      // The statement as it is, with its plan instead of its count.
      query: (async (sql: string, values: unknown[]) => {
        const { rows } = await client.query(`explain (analyze) ${sql}`, values);
        plan.push(...rows.map((row: Record<string, string>) => row['QUERY PLAN'] ?? ''));
        return { rowCount: 0 };
      }) as unknown as Client['query'],
    },
    { olderThanDays: 7, limit: 1_000 },
  );
  const text = plan.join('\n');
  expect(text).toContain('outbox_event_pkey');
  expect(text).not.toMatch(/Seq Scan on outbox_event/);
  expect(await left(db)).toHaveLength(19_000);
});
