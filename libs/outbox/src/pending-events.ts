import type { Pool } from 'pg';
import type { StoredEvent } from './event.ts';
import type { Lease } from './lease.ts';
import { type Note, noteParameters, noteSql } from './watermarks.ts';

/**
 * The relay's statements. The rules that keep them right:
 * read what is there, oldest number first, never "everything after the last number" (a slow transaction commits a lower one later);
 * delete by the very ids that were acknowledged, never by a range (a range takes what was never read);
 * don't read the next page before this one is settled.
 */

/** A pending event; `isBlocked` when an earlier one of its aggregate is parked, so that it must wait behind it. */
export type PendingEvent = StoredEvent & { readonly isBlocked: boolean };

/** @param waiting streams that are left out of this page, since they did not take events a moment ago */
export async function readPending(pool: Pool, limit: number, waiting: readonly string[]): Promise<PendingEvent[]> {
  const { rows } = await pool.query<PendingEvent>(
    `select e.id, e.event_id as "eventId", e.stream, e.aggregate_id as "aggregateId", e.type, e.subject, e.headers,
            e.payload::text as body, e.recorded_at as "recordedAt", e.expires_at as "expiresAt",
            exists (select from outbox_parked k where k.stream = e.stream and k.aggregate_id = e.aggregate_id) as "isBlocked"
     from ${waiting.length === 0 ? oldestPending : oldestPendingOfOthers} p join outbox_event e using (id)
     order by e.id`,
    waiting.length === 0 ? [limit] : [limit, waiting],
  );
  return rows;
}

const oldestPending = '(select id from outbox_pending order by id limit $1)';
const oldestPendingOfOthers = `(select id from outbox_pending join outbox_event o using (id) where o.stream <> all($2::text[]) order by id limit $1)`;

/** Takes acknowledged events off the list, and notes how far their streams are by that. A relay that lost its lease does neither. */
export async function settlePending(
  pool: Pool,
  name: string,
  lease: Lease,
  ids: readonly string[],
  notes: readonly Note[] = [],
): Promise<void> {
  if (ids.length === 0) return;
  const statement = `delete from outbox_pending where id = any($1::bigint[]) and ${fence(2)}`;
  const parameters = [ids, name, lease.owner, lease.epoch];
  if (notes.length === 0) await pool.query(statement, parameters);
  else
    await pool.query(`with settled as (${statement} returning id) ${noteSql(5, 'settled')}`, [
      ...parameters,
      ...noteParameters(notes),
    ]);
}

/** Moves a poison event from the list to the parked ones, where it blocks the later events of its aggregate and nobody else's. */
export async function parkPoison(pool: Pool, name: string, lease: Lease, id: string, reason: string): Promise<void> {
  await park(pool, name, lease, [id], reason, 'true');
}

/** Moves events behind a parked one of their aggregate; not if it was released since they were read, or nothing would release them. */
export async function parkBlocked(pool: Pool, name: string, lease: Lease, ids: readonly string[]): Promise<void> {
  const isBlocked =
    'exists (select from outbox_parked k where k.stream = e.stream and k.aggregate_id = e.aggregate_id)';
  await park(pool, name, lease, ids, 'waits behind a parked event of its aggregate', isBlocked);
}

async function park(
  pool: Pool,
  name: string,
  lease: Lease,
  ids: readonly string[],
  reason: string,
  condition: string,
): Promise<void> {
  if (ids.length === 0) return;
  await pool.query(
    `with moved as (
       delete from outbox_pending p using outbox_event e
       where p.id = any($1::bigint[]) and e.id = p.id and ${fence(3)} and ${condition}
       returning p.id, e.stream, e.aggregate_id)
     insert into outbox_parked (id, stream, aggregate_id, reason) select id, stream, aggregate_id, $2 from moved`,
    [ids, reason, name, lease.owner, lease.epoch],
  );
}

function fence(first: number): string {
  return `exists (select from outbox_relay r where r.name = $${first} and r.owner = $${first + 1} and r.epoch = $${first + 2})`;
}
