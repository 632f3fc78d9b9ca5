import type { DomainEvent } from '@postrider/contracts';
import type { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';

/** What the unit of work does, without an ORM around it: one statement, bound parameters, log and to-do list. */
const insertSql = {
  name: 'insert-event',
  text: `with recorded as (
    insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
    values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb) returning id)
  insert into outbox_pending (id) select id from recorded`,
};

export async function insertOutboxRow(
  client: Client,
  { stream, aggregateId, type, subject, payload }: DomainEvent,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const values = [uuidv7(), stream, aggregateId, type, subject, JSON.stringify(headers), JSON.stringify(payload)];
  await client.query({ ...insertSql, values });
}
