import { propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Publication, StreamPort } from './event.ts';
import type { Lease } from './lease.ts';
import type { Acknowledged, StreamCheck } from './stream-check.ts';
import { parkBlocked, parkPoison, type PendingEvent, readPending, settlePending } from './pending-events.ts';

export interface PageContext {
  readonly pool: Pool;
  readonly port: StreamPort;
  readonly log: Logger;
  readonly pageSize: number;
  readonly lanes: number;
  readonly check: StreamCheck;
}

export interface PageResult {
  readonly read: number;
  /** Streams that did not take an event, and why; what was not published stays on the list. */
  readonly failures: ReadonlyMap<string, unknown>;
  /** Streams that took one. */
  readonly taking: ReadonlySet<string>;
}

/**
 * Publishes one page of the to-do list: a lane an aggregate, one un-acknowledged publish a lane. Returns when every publish has
 * ended: reading again while a straggler is under way could put its successor before it. A stream's first failure stops all
 * its lanes, so that an outage costs one time-out and not one an event.
 *
 * @param waiting streams to leave out
 */
export async function publishPage(
  context: PageContext,
  leaseName: string,
  lease: Lease,
  { waiting, signal }: { waiting: readonly string[]; signal: AbortSignal },
): Promise<PageResult> {
  const { pool, log } = context;
  const page = await readPending(pool, context.pageSize, waiting);
  const outcome: Outcome = { settled: [], acknowledged: [], poison: [], failures: new Map(), taking: new Set() };
  if (await hasLost(context, page, outcome))
    return { read: page.length, ...outcome, taking: new Set(page.map((e) => e.stream)) };
  if (page.length === 0) return { read: 0, failures: new Map(), taking: new Set() };
  const span = startSpan(page);
  const blocked = page.filter((event) => event.isBlocked).map((event) => event.id);
  const lanes = Map.groupBy(
    page.filter((event) => !event.isBlocked),
    (event) => `${event.stream} ${event.aggregateId}`,
  );
  const queue = lanes.values();
  const mayGoOn = (stream: string): boolean => !outcome.failures.has(stream) && lease.isHeld() && !signal.aborted;
  const work = async (): Promise<void> => {
    for (const lane of queue) await publishLane(context, lane, outcome, mayGoOn); // The iterator is shared: each lane is taken once.
  };
  await Promise.all(Array.from({ length: Math.min(context.lanes, lanes.size) }, work));
  span.setAttribute('postrider.settled', outcome.settled.length).end();

  const notes = await context.check.notesOf(outcome.acknowledged);
  await settlePending(pool, leaseName, lease, outcome.settled, notes);
  for (const { event, reason } of outcome.poison) {
    const { eventId, type, subject } = event;
    log.error({ eventId, type, subject, reason }, 'event parked: its stream refuses it');
    await parkPoison(pool, leaseName, lease, event.id, reason);
  }
  await parkBlocked(pool, leaseName, lease, blocked);
  return { read: page.length, failures: outcome.failures, taking: outcome.taking };
}

/** A page holds events of many traces: it is a trace of its own, with a link to each. */
function startSpan(page: readonly PendingEvent[]): Span {
  const links = page.flatMap(({ headers }) => {
    const context = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers));
    return context === undefined ? [] : [{ context }];
  });
  const attributes = { 'messaging.batch.message_count': page.length };
  return trace.getTracer('@postrider/outbox').startSpan('relay page', { root: true, attributes, links });
}

interface Outcome {
  readonly settled: string[];
  readonly acknowledged: Acknowledged[];
  readonly poison: { event: PendingEvent; reason: string }[];
  readonly failures: Map<string, unknown>;
  readonly taking: Set<string>;
}

async function publishLane(
  { port, log }: PageContext,
  lane: readonly PendingEvent[],
  outcome: Outcome,
  mayGoOn: (stream: string) => boolean,
): Promise<void> {
  for (const event of lane) {
    if (!mayGoOn(event.stream)) return;
    try {
      const publication = isExpired(event) ? expired(log, event) : await port.publish(event);
      outcome.taking.add(event.stream);
      if (publication.stored) settle(outcome, event, publication);
      else outcome.poison.push({ event, reason: publication.reason });
      if (!publication.stored) return; // The later events of this aggregate wait behind it.
    } catch (error) {
      if (!outcome.failures.has(event.stream)) outcome.failures.set(event.stream, error);
      return;
    }
  }
}

function settle(
  { settled, acknowledged }: Outcome,
  { id, stream }: PendingEvent,
  { position, isDuplicate = false }: { position?: number; isDuplicate?: boolean },
): void {
  settled.push(id);
  if (position !== undefined) acknowledged.push({ id, stream, position, isDuplicate });
}

/**
 * Looks at the page's streams before anything is published to them. One that can't be looked at is left out, like one that
 * takes nothing. One that has lost events has lower numbers on the list by now: the page must be read again.
 */
async function hasLost({ check }: PageContext, page: readonly PendingEvent[], { failures }: Outcome): Promise<boolean> {
  let lost = 0;
  for (const stream of new Set(page.map((event) => event.stream))) {
    try {
      lost += await check.verify(stream);
    } catch (error) {
      failures.set(stream, error);
    }
  }
  return lost > 0;
}

function expired(log: Logger, { eventId, type, subject }: PendingEvent): Publication {
  log.info({ eventId, type, subject }, 'event expired before it was published');
  return { stored: true };
}

/** A message lives for whole seconds: what has less than one left is over. */
function isExpired(event: PendingEvent): boolean {
  return event.expiresAt !== null && event.expiresAt.getTime() - Date.now() < 1_000;
}
