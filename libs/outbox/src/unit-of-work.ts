import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery, type Transaction } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Bell } from './bell.ts';
import type { EventToRecord } from './event.ts';
import { recordSql } from './prepare-recording.ts';

/** What a unit of work needs from around it. */
export interface UnitOfWorkContext {
  readonly em: EntityManager;
  /** Rung after the commit; it wakes the relay and can't fail. */
  readonly bell: Pick<Bell, 'ring'>;
  /** Stored with every event: where it came from (traceparent, correlationId, causationId). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the work gets. */
export interface Unit {
  /** The unit's own EntityManager: everything it holds is written when the work returns. */
  readonly em: EntityManager;
  /** Notes events, to be stored in the same transaction, in this order. Throws once the unit has ended. */
  record(...events: EventToRecord[]): void;
}

/**
 * One use case, one transaction: state and events are committed together or not at all.
 *
 * fork → BEGIN → work → flush → one INSERT of all events → COMMIT → ring. The flush comes before the INSERT so that every row lock
 * of the changed aggregates is held when the events take their numbers: for one aggregate, numbers follow the order of
 * commits. (An event of an aggregate whose own row is not written has no lock behind its order: bump its version.)
 *
 * COMMIT is sent without waiting for the INSERT's answer, which saves a round trip on a connection that pipelines (others send it
 * afterwards). That is safe: an INSERT that PostgreSQL refused has ended the transaction, and the COMMIT of such a one is answered by rolling
 * it back; nobody takes that for success, since the INSERT's own answer is awaited after it. One that could not even be sent keeps COMMIT back.
 *
 * Units don't nest: an inner one would flush the outer one's changes inside its savepoint, and lose them with its rollback
 * without a word; so it throws. A unit that failed is discarded whole: run the use case again, never the unit.
 *
 * @returns what the work returned, after COMMIT
 * @throws whatever the work, the flush or the commit threw; then nothing was written, except that a connection lost, or an
 *   answer that did not come in time, while INSERT or COMMIT are under way leaves the outcome unknown, as COMMIT does for any database client
 */
export async function unitOfWork<T>(context: UnitOfWorkContext, work: (unit: Unit) => Promise<T>): Promise<T> {
  if (context.em.isInTransaction())
    throw new Error('Units of work do not nest: call the inner use case after the outer one, or share its unit.');
  const events: (EventToRecord & { eventId: string })[] = [];
  let isOpen = true;
  const record = (...recorded: EventToRecord[]): void => {
    if (!isOpen)
      throw new Error(
        `"${recorded[0]?.type}" was recorded after its unit of work had ended: await everything the work starts.`,
      );
    events.push(...recorded.map((event) => ({ ...event, eventId: uuidv7() })));
  };
  let inserted: Promise<unknown> | undefined;
  const result = await context.em.fork().transactional(async (em) => {
    const value = await work({ em, record }).finally(() => (isOpen = false));
    await em.flush();
    if (events.length > 0) inserted = (await sendInsert(em, events, context.headers ?? {})).answer;
    return value;
  });
  await inserted;
  if (events.length > 0) context.bell.ring();
  return result;
}

/** Resolves when the statement is on its way, before whatever is sent next on the transaction's connection. */
async function sendInsert(
  em: EntityManager,
  events: readonly (EventToRecord & { eventId: string })[],
  headers: Readonly<Record<string, string>>,
): Promise<{ answer: Promise<unknown> | undefined }> {
  const transaction = em.getTransactionContext<Transaction<unknown>>();
  if (transaction === undefined) throw new Error('The unit of work has no transaction to store its events in.');
  const column = <K extends keyof (typeof events)[number]>(name: K): (typeof events)[number][K][] =>
    events.map((event) => event[name]);
  const insert = CompiledQuery.raw(recordSql, [
    column('eventId'),
    column('stream'),
    column('aggregateId'),
    column('type'),
    column('subject'),
    events.map((event) => JSON.stringify({ ...headers, ...event.headers })),
    events.map((event) => JSON.stringify(event.payload)),
    events.map((event) => event.expiresAt ?? null),
  ]);
  let answer: Promise<unknown> | undefined;
  await transaction.getExecutor().provideConnection(async (connection) => {
    answer = connection.executeQuery(insert);
    answer.catch(() => undefined); // Whoever awaits it is told; nobody does when the COMMIT fails as well.
  });
  // What fails before it is sent (a value that can't be written down) is known by the next tick, and must keep COMMIT from being sent.
  await Promise.race([answer, new Promise<void>((resolve) => process.nextTick(resolve))]);
  return { answer };
}
