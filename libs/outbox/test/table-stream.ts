import { Pool } from 'pg';
import type { StoredEvent, StreamPort } from '../src/index.ts';

export const tableStreamSchema = `
  create table stream_message (
    position bigint primary key,
    message_id text not null unique,
    event_id text not null,
    aggregate_id text not null,
    body jsonb not null
  )`;

/** A stream that is a table: it outlives the processes that publish to it, and several of them can. No broker is needed for a relay. */
export function tableStream(databaseUrl: string) {
  const pool = new Pool({ connectionString: databaseUrl, application_name: 'table-stream' });
  pool.on('error', () => undefined); // Its server may be going away at the end of a test.
  const insert = async (events: readonly StoredEvent[]): Promise<number> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('lock table stream_message in exclusive mode');
      const { rows } = await client.query<{ last: string }>(
        `insert into stream_message
         select (select coalesce(max(position), 0) from stream_message) + n, m, e, a, b
         from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) with ordinality as row (m, e, a, b, n) order by n
         returning position as last`,
        [
          events.map(({ messageId }) => messageId),
          events.map(({ eventId }) => eventId),
          events.map(({ aggregateId }) => aggregateId),
          events.map(({ body }) => body),
        ],
      );
      await client.query('commit');
      return Number(rows[0]?.last);
    } catch (error) {
      await client.query('rollback').catch(() => undefined); // The connection may be what failed.
      throw error;
    } finally {
      client.release();
    }
  };
  const port = {
    async publish(event) {
      const known = async () =>
        (
          await pool.query<{ p: string }>('select position as p from stream_message where message_id = $1', [
            event.messageId,
          ])
        ).rows[0];
      const position = (await known())?.p;
      if (position !== undefined) return { stored: true, position: Number(position), isDuplicate: true };
      return { stored: true, position: await insert([event]) };
    },
    stageBatch: (events) => ({ commit: async () => ({ firstPosition: await insert(events) }) }),
    async inspect() {
      const { rows } = await pool.query<{ last: string }>(
        'select coalesce(max(position), 0) as last from stream_message',
      );
      return { identity: 'table', lastPosition: Number(rows[0]?.last), takesBatches: true };
    },
  } satisfies StreamPort;
  return { port, [Symbol.asyncDispose]: async () => pool.end() };
}
