import { createBatchPipeline } from './batch-pipeline.ts';
import type { StoredEvent } from './event.ts';
import { readBacklog, readPendingOf } from './pending-events.ts';
import { createRound, type RelayContext, type RoundResult } from './relay-context.ts';

/**
 * The theory. A page of the live tail is read after the former one is settled, since a slow transaction may have committed a lower
 * number meanwhile. A backlog would wait most of its time for that. But the ids of one statement are of one moment: what commits later can
 * belong to none of the aggregates' earlier events (`unit-of-work.ts`), so pages may be made of those ids one after the other, read ahead
 * by their very ids, and published through a pipeline (`batch-pipeline.ts`). Which aggregates are held up by a parked event
 * is read in that same statement: were one released later, its parked event would be on the list and not among the ids, and
 * what comes after it must not go before it.
 *
 * New events wait until the ids are through, half a second or so.
 */
export async function drainBacklog(context: RelayContext, waiting: readonly string[]): Promise<RoundResult> {
  const { pool, backlogSize, log } = context;
  const { ids, parkedLanes } = await readBacklog(pool, backlogSize, waiting);
  const round = createRound(parkedLanes);
  const pipeline = createBatchPipeline(context, round);
  const started = performance.now();
  try {
    for await (const page of pagesOf(context, ids)) {
      for (const [, events] of Map.groupBy(page, (event) => event.stream))
        for (const batch of batchesOf(events)) await pipeline.add(batch);
      if (round.failures.size > 0) break; // The next round leaves that stream out.
    }
  } finally {
    await pipeline.end();
  }
  const ms = Math.round(performance.now() - started);
  if (ids.length > 0) log.debug({ events: ids.length, ms }, 'part of the backlog published');
  return { ...round, read: ids.length, isFull: ids.length === backlogSize || round.failures.size > 0 };
}

/** The events of these ids, each page read while the former one is published. */
async function* pagesOf({ pool, lease, signal }: RelayContext, ids: readonly string[]): AsyncGenerator<StoredEvent[]> {
  const read = async (from: number): Promise<StoredEvent[]> =>
    from < ids.length ? readPendingOf(pool, ids.slice(from, from + pageSize)) : [];
  let next = read(0);
  for (let from = pageSize; from - pageSize < ids.length && lease.isHeld() && !signal.aborted; from += pageSize) {
    const page = await next;
    next = read(from);
    next.catch(() => undefined); // Whoever awaits it is told, if anybody does.
    yield page;
  }
  await next.catch(() => undefined); // The connection is not left behind busy.
}

/** Few large events are as much work for the stream as many small ones. */
function* batchesOf(events: readonly StoredEvent[]): Generator<StoredEvent[]> {
  let batch: StoredEvent[] = [];
  let size = 0;
  for (const event of events) {
    if (size + event.body.length > batchChars && batch.length > 0) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(event);
    size += event.body.length;
  }
  if (batch.length > 0) yield batch;
}

/** The most that a JetStream batch may hold. */
const pageSize = 1_000;
const batchChars = 4_000_000;
