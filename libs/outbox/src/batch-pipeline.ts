import type { StoredEvent } from './event.ts';
import { laneOf } from './pending-events.ts';
import { publishLanes } from './publish-lanes.ts';
import {
  createOutcome,
  isExpired,
  mayPublish,
  type Outcome,
  type RelayContext,
  type Round,
  settle,
  settleExpired,
} from './relay-context.ts';
import type { StagedBatch } from './stream-port.ts';

/**
 * The theory. A batch costs its stream one sync and us one round trip, whatever its size. While the stream works on batch k, batch k+1 is
 * handed over already, all of it but the word that makes it count; and while that goes on, k−1 is taken off the list. So the
 * stream, the database and we work at the same time, on three batches.
 *
 * Order: inside a batch it is the batch's own, which is the list's. Between batches, k+1 is committed only after k's acknowledgement; if
 * that does not come, or is a refusal, k's events are published one by one, with the same ids (a batch that was stored after all makes
 * them duplicates; one that arrives after them is refused for its duplicates), and k+1 is forgotten and handed over anew, since k may
 * have parked what k+1's events must wait behind.
 *
 * Crash: killed after staging, nothing of the batch counts. Killed after a commit and before the delete, its events are on the list, and
 * the next relay's batch is refused for its duplicates and published one by one, which settles them. A paused relay that wakes: the lease
 * is looked at before each commit; a commit that slips through has the old ids.
 */
export interface BatchPipeline {
  /** Events of one stream, oldest first, after all that were added before. Rejects when the database fails. */
  add(events: readonly StoredEvent[]): Promise<void>;
  /** Resolves when all that was committed is acknowledged, or published otherwise, and settled. */
  end(): Promise<void>;
}

export function createBatchPipeline(context: RelayContext, round: Round): BatchPipeline {
  let former: Promise<boolean> = Promise.resolve(true);
  // Of the last batch and the one before: the list may be that far behind what is acknowledged, and no further.
  let [settledBefore, settled] = [Promise.resolve(), Promise.resolve()];

  const settleAfter = async (published: Promise<boolean>, before: Promise<void>, attempt: Attempt): Promise<void> => {
    await published;
    await before;
    await settle(context, round, attempt.outcome);
  };
  return {
    async add(events) {
      const [{ stream } = { stream: '' }] = events;
      let attempt = stage(context, round, events);
      if (!(await former)) attempt = stage(context, round, events);
      await settledBefore;
      // Looked at anew after a reconnection; what it lost goes before these, so they wait for the next round.
      if (!mayPublish(context, round, stream) || !(await isWhole(context, round, stream))) return;
      const published = publish(context, round, attempt);
      former = published;
      settledBefore = settled;
      settled = settleAfter(published, settled, attempt);
      settled.catch(() => undefined); // Whoever awaits it next is told.
    },
    async end() {
      await former;
      await settled;
    },
  };
}

interface Attempt {
  /** Absent: one by one. */
  readonly batch: StagedBatch | undefined;
  readonly events: readonly StoredEvent[];
  readonly outcome: Outcome;
}

/** Leaves out what is over and what must wait, and hands the rest over. Counts for nothing until it is committed. */
function stage(context: RelayContext, round: Round, all: readonly StoredEvent[]): Attempt {
  const outcome = createOutcome();
  const events = all.filter((event) => {
    if (round.parkedLanes.has(laneOf(event))) outcome.blocked.push(event.id);
    else if (isExpired(event)) settleExpired(context, outcome, event);
    else return true;
    return false;
  });
  return { batch: stageBatch(context, round, events), events, outcome };
}

function stageBatch(context: RelayContext, round: Round, events: readonly StoredEvent[]): StagedBatch | undefined {
  const { port, check, log, batchFrom } = context;
  const [first] = events;
  if (first === undefined || events.length < batchFrom || !mayPublish(context, round, first.stream)) return undefined;
  if (!check.takesBatches(first.stream)) return undefined;
  try {
    return port.stageBatch?.(events);
  } catch (error) {
    log.debug({ err: error, stream: first.stream }, 'events can’t be a batch: publishing them one by one');
    return undefined;
  }
}

/** @returns whether nothing came to light that the next batch must know. Never rejects. */
async function publish(context: RelayContext, round: Round, attempt: Attempt): Promise<boolean> {
  const { batch, events, outcome } = attempt;
  if (batch !== undefined) {
    try {
      const { firstPosition } = await batch.commit();
      for (const [index, event] of events.entries()) {
        outcome.settled.push(event.id);
        outcome.acknowledged.push({ event, position: firstPosition + index, isDuplicate: false });
        round.taking.add(event.stream);
      }
      return true;
    } catch (error) {
      context.log.debug({ err: error, events: events.length }, 'batch not stored: publishing its events one by one');
    }
  }
  const before = round.parkedLanes.size + round.failures.size;
  await publishLanes(context, round, events, outcome);
  return batch === undefined && round.parkedLanes.size + round.failures.size === before;
}

async function isWhole({ check }: RelayContext, round: Round, stream: string): Promise<boolean> {
  try {
    return (await check.verify(stream)) === 0;
  } catch (error) {
    round.failures.set(stream, error);
    return false;
  }
}
