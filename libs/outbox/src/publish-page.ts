import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Publication, StreamPort } from './event.ts';
import type { Lease } from './lease.ts';
import { parkPending, type PendingEvent, readPending, settlePending } from './pending-events.ts';

export interface PageContext {
  readonly pool: Pool;
  readonly port: StreamPort;
  readonly log: Logger;
  readonly pageSize: number;
  readonly lanes: number;
}

export interface PageResult {
  readonly read: number;
  /** Why not everything that was read could be published; what was not stays on the list. */
  readonly failure: unknown;
}

/**
 * Publishes one page of the to-do list: a lane an aggregate, one un-acknowledged publish a lane. Returns when every publish has
 * ended: reading again while a straggler is under way could put its successor before it. The first failure
 * stops all lanes, so that an outage costs one time-out and not one an event.
 */
export async function publishPage(
  context: PageContext,
  leaseName: string,
  lease: Lease,
  signal: AbortSignal,
): Promise<PageResult> {
  const { pool, log } = context;
  const page = await readPending(pool, context.pageSize);
  const blocked = page.filter((event) => event.isBlocked);
  const lanes = Map.groupBy(
    page.filter((event) => !event.isBlocked),
    (event) => `${event.stream} ${event.aggregateId}`,
  );
  const outcome: Outcome = { settled: [], poison: [], failure: undefined };
  const queue = lanes.values();
  const mayGoOn = (): boolean => outcome.failure === undefined && lease.isHeld() && !signal.aborted;
  const work = async (): Promise<void> => {
    for (const lane of queue) await publishLane(context, lane, outcome, mayGoOn); // The iterator is shared: each lane is taken once.
  };
  await Promise.all(Array.from({ length: Math.min(context.lanes, lanes.size) }, work));

  await settlePending(pool, leaseName, lease, outcome.settled);
  for (const { event, reason } of outcome.poison) {
    log.error(
      { eventId: event.eventId, type: event.type, subject: event.subject, reason },
      'event parked: its stream refuses it',
    );
    await parkPending(pool, leaseName, lease, [event.id], reason);
  }
  await parkPending(
    pool,
    leaseName,
    lease,
    blocked.map((event) => event.id),
    'waits behind a parked event of its aggregate',
  );
  return { read: page.length, failure: outcome.failure };
}

interface Outcome {
  readonly settled: string[];
  readonly poison: { event: PendingEvent; reason: string }[];
  failure: unknown;
}

async function publishLane(
  { port, log }: PageContext,
  lane: readonly PendingEvent[],
  outcome: Outcome,
  mayGoOn: () => boolean,
): Promise<void> {
  for (const event of lane) {
    if (!mayGoOn()) return;
    try {
      const publication = isExpired(event) ? expired(log, event) : await port.publish(event);
      if (publication.stored) outcome.settled.push(event.id);
      else outcome.poison.push({ event, reason: publication.reason });
      if (!publication.stored) return; // The later events of this aggregate wait behind it.
    } catch (error) {
      outcome.failure ??= error;
      return;
    }
  }
}

function expired(log: Logger, { eventId, type, subject }: PendingEvent): Publication {
  log.info({ eventId, type, subject }, 'event expired before it was published');
  return { stored: true };
}

/** A message lives for whole seconds: what has less than one left is over. */
function isExpired(event: PendingEvent): boolean {
  return event.expiresAt !== null && event.expiresAt.getTime() - Date.now() < 1_000;
}
