import type { Logger } from 'pino';
import type { Pool } from 'pg';
import type { StoredEvent } from './event.ts';
import type { Lease } from './lease.ts';
import type { ListKeeper } from './list-keeper.ts';
import { parkBlocked, parkPoison, settlePending } from './pending-events.ts';
import type { Acknowledged, StreamCheck } from './stream-check.ts';
import type { StreamPort } from './stream-port.ts';

/** What publishing needs while the lease is held. */
export interface RelayContext {
  readonly pool: Pool;
  readonly port: StreamPort;
  readonly log: Logger;
  /** Events read at once on the live tail. */
  readonly pageSize: number;
  /** How many aggregates may have an event under way at once. */
  readonly lanes: number;
  /** Ids read at once from a backlog. */
  readonly backlogSize: number;
  /** Events of one stream that make a batch worth its price. */
  readonly batchFrom: number;
  readonly lease: Lease;
  readonly leaseName: string;
  readonly check: StreamCheck;
  readonly keeper: ListKeeper;
  readonly signal: AbortSignal;
}

/** What the relay has learned since it last read the list. */
export interface Round {
  /** Streams that did not take an event, and why; what was not published stays on the list. */
  readonly failures: Map<string, unknown>;
  /** Streams that took one. */
  readonly taking: Set<string>;
  /** Lanes with a parked event: their later events wait behind it. */
  readonly parkedLanes: Set<string>;
  /** How many events are off the list by now, published or parked. */
  done: number;
}

export interface RoundResult extends Round {
  /** Events read. */
  readonly read: number;
  /** As many as were asked for: more may wait. */
  readonly isFull: boolean;
}

export function createRound(parkedLanes: Iterable<string> = []): Round {
  return { failures: new Map(), taking: new Set(), parkedLanes: new Set(parkedLanes), done: 0 };
}

/** Whether anything more may be published to this stream in this round. */
export function mayPublish({ lease, signal }: RelayContext, { failures }: Round, stream: string): boolean {
  return !failures.has(stream) && lease.isHeld() && !signal.aborted;
}

/** What became of some events, to be written to the database in one go. */
export interface Outcome {
  readonly settled: string[];
  readonly acknowledged: Acknowledged[];
  readonly poison: { event: StoredEvent; reason: string }[];
  readonly blocked: string[];
}

export function createOutcome(): Outcome {
  return { settled: [], acknowledged: [], poison: [], blocked: [] };
}

/** Takes what was acknowledged off the list, notes how far the streams are by that, and parks what must be. */
export async function settle(context: RelayContext, round: Round, outcome: Outcome): Promise<void> {
  const { pool, leaseName, lease, log, check, keeper } = context;
  const notes = await check.notesOf(outcome.acknowledged);
  await settlePending(pool, leaseName, lease, outcome.settled, notes);
  keeper.removed(outcome.settled.length);
  for (const { event, reason } of outcome.poison) {
    const { eventId, type, subject } = event;
    log.error({ eventId, type, subject, reason }, 'event parked: its stream refuses it');
    await parkPoison(pool, leaseName, lease, event.id, reason);
  }
  await parkBlocked(pool, leaseName, lease, outcome.blocked);
  round.done += outcome.settled.length + outcome.poison.length + outcome.blocked.length;
}

/** A message lives for whole seconds: what has less than one left is over, and is settled without being sent. */
export function isExpired(event: StoredEvent): boolean {
  return event.expiresAt !== null && event.expiresAt.getTime() - Date.now() < 1_000;
}

export function settleExpired({ log }: RelayContext, { settled }: Outcome, event: StoredEvent): void {
  const { id, eventId, type, subject } = event;
  log.info({ eventId, type, subject }, 'event expired before it was published');
  settled.push(id);
}
