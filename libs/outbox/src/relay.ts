import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Pool } from 'pg';
import type { Bell } from './bell.ts';
import { drainBacklog } from './drain-backlog.ts';
import { acquireLease, type Lease } from './lease.ts';
import { createListKeeper } from './list-keeper.ts';
import { observeOutbox } from './observe-outbox.ts';
import { publishPage } from './publish-page.ts';
import type { RoundResult } from './relay-context.ts';
import { createStreamBackoff, type StreamBackoff } from './stream-backoff.ts';
import { createStreamCheck, type StreamCheck } from './stream-check.ts';
import type { StreamPort } from './stream-port.ts';

/**
 * The theory. One relay per database holds the lease; the others stand by and ask for it every second. The holder reads a page of
 * the to-do list, publishes it (many aggregates at once, one event of each at a time), waits until every publish has ended,
 * takes what was acknowledged off the list, and reads again. So at any moment an event is either on the list, or
 * acknowledged by its stream. A crash between acknowledgement and delete sends it again with the same id. After a full page there is
 * a backlog, and it is drained in batches until a read comes back short (`drain-backlog.ts`).
 *
 * It wakes by the bell, and by polling, 50 ms growing to 5 s, for what another process committed while no bell reached us. While
 * more than 700 events come a second it gathers before each page, for 3 ms and then, if that goes on, for 10: pages grow instead of round
 * trips (a sixth of all CPU at a thousand events a second), at rest nothing waits, and a burst waits little.
 */
export interface Relay extends AsyncDisposable {
  /** What it is doing, for readiness. */
  health(): { status: 'up' | 'down' | 'starting'; detail: string };
}

export interface RelayOptions {
  /** The database that holds the outbox; the relay opens up to three connections of its own. */
  readonly databaseUrl: string;
  readonly port: StreamPort;
  readonly bell: Bell;
  readonly log: Logger;
  /** Awaited before the first look at the tables: they may not be there yet. Rejects when the signal aborts first. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly pageSize?: number;
  /** How many aggregates may have an event under way at once. */
  readonly lanes?: number;
  /** Ids read at once while there is a backlog, if the port takes batches. */
  readonly backlogSize?: number;
  /** Events of one stream from which on a batch is better than one by one: a batch costs a sync, whatever its size. */
  readonly batchFrom?: number;
  /** How long a relay that died keeps the others out. */
  readonly leaseLifeMs?: number;
  /** How often streams are compared with what was noted about them; also after every reconnection. */
  readonly lookEveryMs?: number;
}

/** Starts the relay. Disposing it ends the page under way, releases the lease and closes its connections. */
export function startRelay(options: RelayOptions): Relay {
  const stopping = new AbortController();
  const pool = createPool(options.databaseUrl, options.log);
  const observed = observeOutbox(pool);
  const state: RelayState = { status: 'starting', detail: 'waiting for its lease' };
  const running = supervise({ ...defaults, ...options, pool, state }, stopping.signal);
  return {
    health: () => ({ ...state }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      observed[Symbol.dispose]();
      if (!pool.ended) await pool.end();
    },
  };
}

type RelayState = { status: 'up' | 'down' | 'starting'; detail: string };
type RunningRelay = Required<RelayOptions> & { readonly pool: Pool; readonly state: RelayState };

const defaults = {
  pageSize: 500,
  lanes: 128,
  backlogSize: 20_000,
  batchFrom: 100,
  leaseLifeMs: 3_000,
  lookEveryMs: 60_000,
  ready: () => Promise.resolve(),
};
const leaseName = 'relay';
const standbyMs = 1_000;
const [shortestPollMs, longestPollMs] = [50, 5_000];
const gather = { rows: 4, perMs: 0.7, firstMs: 3, longMs: 10 };

async function supervise(relay: RunningRelay, signal: AbortSignal): Promise<void> {
  await relay.ready(signal).catch(() => undefined); // Rejects only when stopped.
  while (!signal.aborted) {
    try {
      await using lease = await acquireLease({ pool: relay.pool, name: leaseName, lifeMs: relay.leaseLifeMs });
      if (lease !== undefined) await relayWhileHeld(relay, lease, signal);
      else report(relay, 'up', 'standing by: another relay holds the lease');
    } catch (error) {
      report(relay, 'down', 'the database or a stream does not answer', error);
    }
    await pause(standbyMs, signal);
  }
}

async function relayWhileHeld(relay: RunningRelay, lease: Lease, signal: AbortSignal): Promise<void> {
  const backoff = createStreamBackoff();
  const check = createStreamCheck({ ...relay, lease, leaseName });
  const keeper = createListKeeper({ ...relay, lease, leaseName, deletes: 5_000, slowMs: 3 });
  const context = { ...relay, lease, leaseName, check, keeper, signal };
  let pollMs = shortestPollMs;
  let isBacklog = false;
  let readAt = 0;
  let gatherMs = 0;
  while (!signal.aborted && lease.isHeld()) {
    const waiting = backoff.waiting();
    const sinceReadMs = performance.now() - readAt;
    readAt += sinceReadMs;
    await check.lookAround();
    const round: RoundResult = await (isBacklog ? drainBacklog(context, waiting) : publishPage(context, waiting));
    learnFrom(round, backoff, check);
    reportRound(relay, round.failures, waiting);
    await keeper.care();
    pollMs = round.done > 0 ? shortestPollMs : Math.min(pollMs * 2, longestPollMs);
    // A stream that failed is left out of the next round, or nobody behind its events would ever have a turn.
    const isMore: boolean = round.isFull && round.done + round.failures.size > 0;
    isBacklog = isMore && round.failures.size === 0 && relay.port.stageBatch !== undefined;
    if (isMore) continue;
    await relay.bell.wait(Math.min(pollMs, backoff.nextMs() ?? pollMs), signal);
    gatherMs = nextGatherMs(gatherMs, round.read / sinceReadMs, round.read);
    if (gatherMs > 0) await pause(gatherMs, signal);
  }
}

/** @param perMs events that came a millisecond since the page before */
function nextGatherMs(formerMs: number, perMs: number, read: number): number {
  if (read < gather.rows || perMs <= gather.perMs) return 0;
  return formerMs === 0 ? gather.firstMs : gather.longMs;
}

function learnFrom({ taking, failures }: RoundResult, backoff: StreamBackoff, check: StreamCheck): void {
  for (const stream of taking) backoff.took(stream);
  for (const stream of failures.keys()) {
    backoff.failed(stream);
    check.forget(stream);
  }
}

function reportRound(relay: RunningRelay, failures: ReadonlyMap<string, unknown>, waiting: readonly string[]): void {
  const [failing] = failures;
  if (failing !== undefined) report(relay, 'down', `the stream ${failing[0]} does not take events`, failing[1]);
  else if (waiting.length === 0) report(relay, 'up', 'publishing');
}

/** Says each change of state once; a state that lasts stays quiet. */
function report(relay: RunningRelay, status: RelayState['status'], detail: string, error?: unknown): void {
  const { log, state } = relay;
  if (state.status === status && state.detail === detail) return;
  Object.assign(state, { status, detail });
  if (status === 'down') log.warn({ err: error, detail }, 'relay waiting: events stay in the outbox');
  else log.info({ detail }, 'relay running');
}

/**
 * Small tables that grow and shrink by the second make poor statistics, and a plan that was made while the log was small went from 1 to 69 ms
 * a page at 72,000 rows. So only plans by index are allowed, which are right for every size; then one plan for all executions will do,
 * and each costs a sixth of what it does with a plan of its own.
 */
function createPool(connectionString: string, log: Logger): Pool {
  const pool = new Pool({
    connectionString,
    max: 3, // Reading ahead, settling, and the lease.
    application_name: 'outbox-relay',
    options: `-c plan_cache_mode=force_generic_plan -c jit=off ${['seqscan', 'hashjoin', 'mergejoin', 'material'].map((way) => `-c enable_${way}=off`).join(' ')}`,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    keepAlive: true,
  });
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));
  return pool;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop, and then that is the answer.
}
