import type { Pool } from 'pg';
import type { StoredEvent } from './event.ts';
import type { Lease } from './lease.ts';
import { type Note, noteParameters, noteSql } from './watermarks.ts';

/**
 * The relay's statements. The rules that keep them right:
 * read what is there, oldest number first, never "everything after the last number" (a slow transaction commits a lower one later);
 * delete by the very ids that were acknowledged, never by a range (a range takes what was never read);
 * don't read the next page before this one is settled, unless its ids were read by the same statement as this one's.
 *
 * Those that run for every page are prepared under a name, with one plan for ever (`relay.ts`): planning cost five times what running
 * them does. So each leaves the planner one way only, by the index.
 */

/** A pending event; `isBlocked` when an earlier one of its aggregate is parked, so that it must wait behind it. */
export type PendingEvent = StoredEvent & { readonly isBlocked: boolean };

const columns = `e.id, e.event_id as "eventId", e.event_id || coalesce('.r' || p.generation, '') as "messageId", e.stream,
  e.aggregate_id as "aggregateId", e.type, e.subject, e.headers, e.payload::text as body, e.recorded_at as "recordedAt", e.expires_at as "expiresAt"`;

/** @param waiting streams that are left out of this page, since they did not take events a moment ago */
export async function readPending(pool: Pool, limit: number, waiting: readonly string[]): Promise<PendingEvent[]> {
  const { rows } = await pool.query<PendingEvent>({
    name: nameFor('read-page', waiting),
    text: `select ${columns},
            exists (select from outbox_parked k where k.stream = e.stream and k.aggregate_id = e.aggregate_id) as "isBlocked"
     from (${oldest(waiting, 'o.id, o.generation')}) p ${eventOf('p')}
     order by p.id`,
    values: waiting.length === 0 ? [limit] : [limit, waiting],
  });
  return rows;
}

function oldest(waiting: readonly string[], what: string): string {
  if (waiting.length === 0) return `select ${what} from outbox_pending o order by o.id limit $1`;
  return `select ${what} from outbox_pending o ${eventOf('o')} where e.stream <> all($2::text[]) order by o.id limit $1`;
}

function nameFor(statement: string, waiting: readonly string[]): string {
  return waiting.length === 0 ? statement : `${statement}-but-waiting`;
}

/** The event of each row of the list: looked up by its number, whatever the planner believes about the sizes of both. */
function eventOf(list: string): string {
  return `cross join lateral (select * from outbox_event where id = ${list}.id offset 0) e`;
}

export interface Backlog {
  /** Oldest first. */
  readonly ids: readonly string[];
  /** Lanes (see `laneOf`) with a parked event: what else they have on the list must wait behind it. */
  readonly parkedLanes: readonly string[];
}

/** The oldest ids and what is parked, of one moment: only so may pages be made of them one after the other. */
export async function readBacklog(pool: Pool, limit: number, waiting: readonly string[]): Promise<Backlog> {
  const { rows } = await pool.query<Backlog>({
    name: nameFor('read-backlog', waiting),
    text: `select array(${oldest(waiting, 'o.id')})::text[] as ids,
            array(select distinct stream || ' ' || aggregate_id from outbox_parked) as "parkedLanes"`,
    values: waiting.length === 0 ? [limit] : [limit, waiting],
  });
  return rows[0] ?? { ids: [], parkedLanes: [] };
}

/** Those that are still on the list, oldest first. Whether they are blocked, `Backlog.parkedLanes` says. */
export async function readPendingOf(pool: Pool, ids: readonly string[]): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEvent>({
    name: 'read-page-of-backlog',
    text: `select ${columns} from outbox_pending p ${eventOf('p')} where p.id = any($1::bigint[]) order by p.id`,
    values: [ids],
  });
  return rows;
}

/** Events of one aggregate in one stream follow each other; nobody else waits for them. */
export function laneOf({ stream, aggregateId }: Pick<StoredEvent, 'stream' | 'aggregateId'>): string {
  return `${stream} ${aggregateId}`;
}

/** Takes acknowledged events off the list, and notes how far their streams are by that. A relay that lost its lease does neither. */
export async function settlePending(
  pool: Pool,
  name: string,
  lease: Lease,
  ids: readonly string[],
  notes: readonly Note[] = [],
): Promise<void> {
  if (ids.length === 0) return;
  const text = `delete from outbox_pending where id = any($1::bigint[]) and ${fence(2)}`;
  const values = [ids, name, lease.owner, lease.epoch];
  if (notes.length === 0) await pool.query({ name: 'settle', text, values });
  else
    await pool.query({
      name: 'settle-and-note',
      text: `with settled as (${text} returning id) ${noteSql(5, 'settled')}`,
      values: [...values, ...noteParameters(notes)],
    });
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
       returning p.id, p.generation, e.stream, e.aggregate_id)
     insert into outbox_parked (id, generation, stream, aggregate_id, reason)
     select id, generation, stream, aggregate_id, $2 from moved`,
    [ids, reason, name, lease.owner, lease.epoch],
  );
}

/** True while the lease is the one that its parameters, from this one on, name: name, owner, epoch. */
export function fence(first: number): string {
  return `exists (select from outbox_relay r where r.name = $${first} and r.owner = $${first + 1} and r.epoch = $${first + 2})`;
}
