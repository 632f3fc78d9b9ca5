import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import { testDatabase } from '@postrider/local/testing';
import { Client } from 'pg';
import {
  createBell,
  type EventToRecord,
  outboxSchemaV1,
  outboxSchemaV2,
  outboxSchemaV3,
  type Publication,
  type StoredEvent,
  type StreamPort,
} from '../src/index.ts';

/** An aggregate of a project that is not ours. */
export const Account = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: { id: p.text().primary(), balance: p.integer().default(0) },
});

/** A database with the outbox and one table beside it, an EntityManager, and a way to look inside. */
export async function outboxDatabase(driverOptions: object = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ name: 'outbox', migrate }));
  const orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [Account],
    driverOptions: { max: 20, ...driverOptions },
  });
  stack.defer(() => orm.close(true));
  const client = new Client({ connectionString: database.url });
  await client.connect();
  stack.defer(() => client.end());
  const running = stack.move();
  const bell = createBell();
  return {
    url: database.url,
    em: orm.em,
    bell,
    context: { em: orm.em, bell, headers: { traceparent: '00-trace' } },
    rows: async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> =>
      (await client.query(sql, values)).rows as Row[],
    pending: async (): Promise<number> =>
      Number((await client.query('select count(*) as n from outbox_pending')).rows[0].n),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function migrate(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const sql of [
    'create table account (id text primary key, balance int not null default 0)',
    ...outboxSchemaV1,
    ...outboxSchemaV2,
    ...outboxSchemaV3,
  ])
    await client.query(sql);
  await client.end();
}

export function moved(aggregateId: string, n: number, more: Partial<EventToRecord> = {}): EventToRecord {
  return {
    stream: 'ACCOUNTS',
    type: 'account.moved.v1',
    subject: `account.v1.moved.${aggregateId}`,
    aggregateId,
    payload: { n },
    ...more,
  };
}

/** Events numbered from 0 on, over so many aggregates, as if committed long ago. */
export async function recordMany(
  db: { rows(sql: string, values: unknown[]): Promise<unknown> },
  count: number,
  { aggregates = 37, stream = 'ACCOUNTS' } = {},
): Promise<void> {
  await db.rows(
    `with recorded as (
       insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
       select gen_random_uuid(), $3, 'a' || n % $2, 'account.moved.v1', 'account.v1.moved.a' || n % $2, '{}', json_build_object('n', n)
       from generate_series(0, $1::int - 1) n order by n returning id)
     insert into outbox_pending (id) select id from recorded`,
    [count, aggregates, stream],
  );
}

/** A stream in memory that keeps the contract of the port: the first copy of an id is stored, later ones are known. */
export function memoryStream() {
  const stored: StoredEvent[] = [];
  const attempts: StoredEvent[] = [];
  const known = new Set<string>();
  let watchers: (() => void)[] = [];
  const stream = {
    stored,
    attempts,
    /** Replaced by a test that wants another answer. */
    answer: async (_event: StoredEvent): Promise<Publication> => ({ stored: true }),
    async publish(event: StoredEvent): Promise<Publication> {
      attempts.push(event);
      const publication = await stream.answer(event);
      if (publication.stored && !known.has(event.eventId)) {
        known.add(event.eventId);
        stored.push(event);
      }
      for (const watcher of watchers) watcher();
      return publication;
    },
    /** Resolves when the condition holds; asked after every publish. */
    until: (holds: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds()) return;
          watchers = watchers.filter((watcher) => watcher !== look);
          resolve();
        };
        watchers.push(look);
        look();
      }),
  };
  return stream satisfies StreamPort;
}
