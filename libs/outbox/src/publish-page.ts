import { propagation, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { createBatchPipeline } from './batch-pipeline.ts';
import { laneOf, readPending, type PendingEvent } from './pending-events.ts';
import { publishLanes } from './publish-lanes.ts';
import {
  createOutcome,
  createRound,
  type RelayContext,
  type Round,
  type RoundResult,
  settle,
} from './relay-context.ts';

/**
 * Publishes one page of the to-do list: one by one, and what there is much of for one stream as a batch. Resolves when all
 * of it has ended and is written down.
 *
 * @param waiting streams to leave out
 */
export async function publishPage(context: RelayContext, waiting: readonly string[]): Promise<RoundResult> {
  const { pool, pageSize, keeper } = context;
  const page = await keeper.timed(async () => readPending(pool, pageSize, waiting));
  const round = createRound(page.filter(({ isBlocked }) => isBlocked).map(laneOf));
  const read = page.length;
  if (read === 0) return { ...round, read, isFull: false };
  // What was lost has lower numbers: the page must be read again.
  const lost = await lostBy(context, page, round);
  if (lost > 0) return { ...round, read, isFull: true, done: lost };
  const span = startSpan(page);
  await publishAll(context, round, page);
  span?.end();
  return { ...round, read, isFull: read === pageSize };
}

async function publishAll(context: RelayContext, round: Round, page: readonly PendingEvent[]): Promise<void> {
  const { check, batchFrom, port } = context;
  const outcome = createOutcome();
  const pipeline = createBatchPipeline(context, round);
  const singles: PendingEvent[] = [];
  const batches: PendingEvent[][] = [];
  outcome.blocked.push(...page.filter(({ isBlocked }) => isBlocked).map(({ id }) => id));
  const open = page.filter(({ isBlocked }) => !isBlocked);
  for (const [stream, events] of Map.groupBy(open, (event) => event.stream)) {
    if (port.stageBatch !== undefined && events.length >= batchFrom && check.takesBatches(stream)) batches.push(events);
    else singles.push(...events);
  }
  const publishBatches = async (): Promise<void> => {
    try {
      for (const events of batches) await pipeline.add(events);
    } finally {
      await pipeline.end();
    }
  };
  // Both to their ends, whatever becomes of either: nothing may be under way when the list is read again.
  const [, batched] = await Promise.allSettled([publishLanes(context, round, singles, outcome), publishBatches()]);
  await settle(context, round, outcome);
  if (batched.status === 'rejected') throw batched.reason;
}

/**
 * Looks at the page's streams before anything is published to them. One that can't be looked at is left out, like one that
 * takes nothing. @returns how many events they had lost
 */
async function lostBy({ check }: RelayContext, page: readonly PendingEvent[], { failures }: Round): Promise<number> {
  let lost = 0;
  for (const stream of new Set(page.map((event) => event.stream))) {
    try {
      lost += await check.verify(stream);
    } catch (error) {
      failures.set(stream, error);
    }
  }
  return lost;
}

/** A page holds events of many traces: it is a trace of its own, with a link to each. Undefined while tracing is off. */
function startSpan(page: readonly PendingEvent[]): Span | undefined {
  const attributes = { 'messaging.batch.message_count': page.length };
  const span = trace.getTracer('@postrider/outbox').startSpan('relay page', { root: true, attributes });
  if (!span.isRecording()) return undefined;
  for (const { headers } of page) {
    const context = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers));
    if (context !== undefined) span.addLink({ context });
  }
  return span;
}
