import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import { testDatabase } from '@postrider/local/testing';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import {
  createBell,
  outboxSchemaV1,
  outboxSchemaV2,
  outboxSchemaV3,
  outboxTables,
  prepareRecording,
  startRelay,
  unitOfWork,
} from '../src/index.ts';
import { tableStream, tableStreamSchema } from './table-stream.ts';

/** A project that has nothing to do with ours: a library lends books, and its stream is a table. */
const Loan = defineEntity({
  name: 'Loan',
  tableName: 'loan',
  properties: { id: p.text().primary(), reader: p.text(), returnedAt: p.datetime().nullable() },
});

const lent = (id: string, reader: string) => ({
  stream: 'LENDING',
  type: 'book.lent',
  subject: `lending.${id}`,
  aggregateId: id,
  payload: { reader },
});

test('another project saves its entity and publishes its event with what the package exports and a port of one method', async () => {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase({ name: 'lending' }));
  const client = new Client({ connectionString: database.url });
  await client.connect();
  stack.defer(() => client.end());
  const tables = 'create table loan (id text primary key, reader text not null, returned_at timestamptz)';
  for (const sql of [tables, tableStreamSchema, ...outboxSchemaV1, ...outboxSchemaV2, ...outboxSchemaV3])
    await client.query(sql);
  const orm = await MikroORM.init({
    clientUrl: database.url,
    entities: [Loan],
    schemaGenerator: { skipTables: [...outboxTables, 'stream_message'] },
    driverOptions: { pipeline: true, onPoolCreated: prepareRecording, max: 1 },
  });
  stack.defer(() => orm.close(true));
  const { publish } = stack.use(tableStream(database.url)).port;
  const bell = createBell();
  const log = pino({ level: 'silent' });
  stack.use(startRelay({ databaseUrl: database.url, port: { publish }, bell, log }));

  const lend = async (id: string, reader: string) =>
    unitOfWork({ em: orm.em, bell }, async ({ em, record }) => {
      em.create(Loan, { id, reader, returnedAt: null }, { persist: true });
      record(lent(id, reader));
    });
  await lend('moby-dick', 'Ada');
  await expect(lend('moby-dick', 'Bob')).rejects.toThrow(/loan_pkey/);
  await lend('emma', 'Bob');

  const published = async () =>
    (await client.query('select aggregate_id, body from stream_message order by position')).rows;
  await expect.poll(published).toEqual([
    { aggregate_id: 'moby-dick', body: { reader: 'Ada' } },
    { aggregate_id: 'emma', body: { reader: 'Bob' } },
  ]);
  expect(await orm.schema.getUpdateSchemaSQL()).toBe('');
  // With one connection it is the one that recorded.
  const prepared = await orm.em.getConnection().execute('select name from pg_prepared_statements');
  expect(prepared).toEqual([{ name: 'outbox-record' }]);
});
