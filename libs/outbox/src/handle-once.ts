import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery, type Transaction } from 'kysely';
import type { ClientBase } from 'pg';
import { type Unit, unitOfWork, type UnitOfWorkContext } from './unit-of-work.ts';

/**
 * The theory. A stream delivers an event at least once; its effects on our own database can be had exactly once, because what says that it
 * was handled stands in the same transaction as the effects. Two deliveries at the same moment meet at the primary key: the second
 * INSERT waits for the first transaction, and does nothing if it commits or takes its place if it rolls back.
 *
 * It covers what the transaction writes, events it records included, and nothing else: a mail that is sent inside can be sent twice.
 *
 * A row must outlive every copy of its event: streams and dead letters keep theirs for a time, each can be delivered again.
 */
export interface Handling {
  /** Who handles: each handler of an event has its own say. It never changes, or every event looks new to it. */
  readonly handler: string;
  /** `ce-id`. */
  readonly eventId: string;
}

/**
 * A unit of work for the effects of one event: it runs at most once to its commit, however often the event comes.
 *
 * @returns whether this call is the one whose effects count
 * @throws whatever the work, the flush or the commit threw; then the event counts as not handled
 */
export async function handleOnce(
  context: UnitOfWorkContext,
  { handler, eventId }: Handling,
  work: (unit: Unit) => Promise<void>,
): Promise<boolean> {
  return unitOfWork(context, async (unit) => {
    if (!(await claim(unit.em, handler, eventId))) return false;
    await work(unit);
    return true;
  });
}

async function claim(em: EntityManager, handler: string, eventId: string): Promise<boolean> {
  const transaction = em.getTransactionContext<Transaction<unknown>>();
  if (transaction === undefined) throw new Error('The unit of work has no transaction to note the event in.');
  const { numAffectedRows } = await transaction.executeQuery(
    CompiledQuery.raw('insert into handled_event (handler, event_id) values ($1, $2) on conflict do nothing', [
      handler,
      eventId,
    ]),
  );
  return numAffectedRows === 1n;
}

/** The table, for a migration of the service whose handlers use it. */
export function handledEventSchema(): readonly string[] {
  return [
    `create table handled_event (
       handler text not null,
       event_id text not null,
       handled_at timestamptz not null default clock_timestamp(),
       primary key (handler, event_id)
     )`,
    // Rows come in the order of time, so a few bytes a page find the old ones.
    `create index handled_event_handled_at on handled_event using brin (handled_at) with (autosummarize = on)`,
  ];
}

/** For a schema diff of the service's own entities, which leaves it alone. */
export const handledEventTable = 'handled_event';

export interface RemoveHandledEvents {
  /** More than any stream or dead letter keeps a copy: 91 where dead letters stay for 90. */
  readonly olderThanDays: number;
  /** At most so many rows go in this statement. */
  readonly limit: number;
}

/** Forgets what can't come again, one small statement. @returns how many rows went; call it again until none does */
export async function removeHandledEvents(
  client: Pick<ClientBase, 'query'>,
  { olderThanDays, limit }: RemoveHandledEvents,
): Promise<number> {
  const { rowCount } = await client.query(
    `delete from handled_event where ctid = any(array(
       select ctid from handled_event where handled_at < now() - $1 * interval '1 day' limit $2 for update skip locked))`,
    [olderThanDays, limit],
  );
  return rowCount ?? 0;
}
