import type { Pool } from 'pg';

/** One statement with bound parameters for all events of a unit; ids follow the order of recording. */
export const recordSql = `
  with recorded as (
    insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload, expires_at)
    select e, s, a, t, u, h, p, x
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[], $8::timestamptz[])
      with ordinality as row (e, s, a, t, u, h, p, x, ordinal)
    order by ordinal
    returning id)
  insert into outbox_pending (id) select id from recorded`;

/**
 * Has a pool's connections prepare the statement that records events, once each: parsing and planning it anew costs the database more than
 * running it does, and an ORM prepares nothing. It only inserts, so that its plan is right for every size of its tables. Without this
 * everything works, slower.
 *
 * @example MikroORM.init({ driverOptions: { onPoolCreated: prepareRecording }, … })
 */
export function prepareRecording(pool: Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    const prepared = (first: unknown, ...rest: unknown[]): unknown =>
      query(first === recordSql ? { name: 'outbox-record', text: recordSql } : first, ...rest);
    client.query = prepared as typeof client.query; // The same call, prepared.
  });
}
