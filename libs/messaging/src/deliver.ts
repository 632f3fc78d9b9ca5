import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { ContractViolation, type EventOf, type EventContract, fromHeaders, parseData } from '@postrider/contracts';
import type { Logger } from 'pino';
import type { Acknowledger } from './acknowledger.ts';
import { type ArrivedMessage, type HeaderReader, headerReader } from './arrived-message.ts';
import type { Nats } from './connect.ts';
import { fromDelivery, publishDeadLetter } from './dead-letters/publish-dead-letter.ts';
import { type HandedBack, remember } from './handed-back.ts';
import { type Delivery, type Handler, RetryLaterError, UnavailableError } from './handler.ts';
import type { Intake } from './intake.ts';
import type { DeliveryObserver, DeliveryOutcome } from './observe-deliveries.ts';
import { backoffMs, judge, type RetryPolicy, type Verdict } from './settlement.ts';
import type { Suspects } from './suspects.ts';
import { UnhandledTypeError, type UnhandledTypes } from './unhandled-types.ts';
import { withTimeLimit } from './with-time-limit.ts';

export interface DeliverContext extends HandleContext {
  readonly nats: Nats;
  readonly observer: DeliveryObserver;
  readonly acknowledger: Acknowledger;
  readonly ackWaitMs: number;
}

/** What decides what becomes of a message, short of telling the server. */
export interface HandleContext {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly intake: Intake;
  readonly policy: RetryPolicy;
  /** For what this build has no handler for. */
  readonly unhandledPolicy: RetryPolicy;
  readonly unhandled: UnhandledTypes;
  readonly suspects: Suspects;
  /**
   * What this process gave back, by stream sequence. The server counts deliveries, and many of those are nobody's failure: a
   * delay that was asked for, a stop, a crash. Kept here only, so a restart begins anew; the server's max_deliver is the end.
   */
  readonly handedBack: Map<number, HandedBack>;
  /** For handlers that have none of their own. */
  readonly timeLimitMs: number;
  readonly maxDeliver: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1), for the jitter; a test's own makes delays certain. */
  readonly random?: () => number;
}

/**
 * Takes one message to its end: parsed, handled, and settled by acknowledgement, delayed redelivery or dead letter. From its arrival
 * until then the server is told "working" three times per ack_wait, so that it stays ours however long it takes. Never
 * throws: what could not be settled is delivered again, and whoever handles it must absorb that anyway.
 */
export async function deliver(context: DeliverContext, message: JsMsg): Promise<void> {
  const header = headerReader(message);
  await context.observer.observe(message, header, async (trace) => settle(context, message, { header, trace }));
}

async function settle(
  context: DeliverContext,
  message: JsMsg,
  { header, trace }: Omit<HandleParts, 'logger'>,
): Promise<DeliveryOutcome> {
  const heartbeat = setInterval(() => tellWorking(message), context.ackWaitMs / 3);
  const names = identify(message, header);
  // A child is dear, and most messages need none: made for who asks.
  let child: Logger | undefined;
  const logger = (): Logger => (child ??= context.log.child(names));
  const started = performance.now();
  try {
    const failure = await handle(context, message, { logger, header, trace }).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (failure !== undefined) return await settleFailure(context, message, logger(), failure.error);
    await context.acknowledger.confirm(message);
    context.handedBack.delete(message.info.streamSequence);
    context.log.info({ ...names, durationMs: Math.round(performance.now() - started) }, 'event handled');
    return 'handled';
  } catch (error) {
    logger().warn({ err: error }, 'message not settled: the server will deliver it again');
    return 'unsettled';
  } finally {
    clearInterval(heartbeat);
  }
}

/** What is known of a message before it is parsed. */
interface HandleParts {
  /** Bound to the message. */
  readonly logger: () => Logger;
  readonly header: HeaderReader;
  /** Headers of trace context that lead to this delivery. */
  readonly trace: Readonly<Record<string, string>>;
}

/**
 * Parses the message and runs its handler, again and again while what it needs is unavailable: waiting is no attempt. But a dependency that answers its probe
 * time and again, and not this message, is not away: then it is the message's failure, or it would hold its place for ever.
 */
export async function handle(
  context: HandleContext,
  message: ArrivedMessage,
  { logger, header, trace }: HandleParts,
): Promise<void> {
  const { deliveryCount, streamSequence, stream, consumer: durable } = message.info;
  const source = { stream, sequence: streamSequence, durable };
  const delivery: Delivery = {
    get log() {
      return logger();
    },
    signal: context.signal,
    attempt: deliveryCount,
    source,
  };
  const isExplained = deliveryCount === 1 || context.handedBack.get(streamSequence)?.delivery === deliveryCount - 1;
  const run = async (): Promise<void> => {
    const { handler, event } = parse(context.handlers, message, header); // Watched too: what is parsed may kill as well.
    // What it causes comes after this delivery, in the same trace.
    const work = async (): Promise<void> => handler.handle({ ...event, ...trace }, delivery);
    await withTimeLimit(handler.timeLimitMs ?? context.timeLimitMs, work);
  };
  for (let waits = 0; ; waits++) {
    try {
      await context.intake.untilOpen(context.signal);
      if (context.signal.aborted) throw new RetryLaterError('The service is stopping.', 0);
      return await (isExplained ? run() : context.suspects.watch(message, run, context.signal));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      if (waits === mostWaits)
        throw new Error(`${error.dependency} answers, but not for this message.`, { cause: error });
      await context.intake.waitFor(error, context.signal);
    }
  }
}

const mostWaits = 3;

function parse(
  handlers: ReadonlyMap<string, Handler>,
  message: ArrivedMessage,
  header: HeaderReader,
): { handler: Handler; event: EventOf<EventContract> } {
  const envelope = fromHeaders(header);
  const handler = handlers.get(envelope.type);
  if (handler === undefined) throw new UnhandledTypeError(envelope.type);
  return { handler, event: { ...envelope, data: parseData(handler.contract, message.data) } };
}

async function settleFailure(
  context: DeliverContext,
  message: JsMsg,
  log: Logger,
  error: unknown,
): Promise<DeliveryOutcome> {
  const { streamSequence } = message.info;
  const verdict = judgeFailure(context, message, error);
  if (verdict.action === 'retry') {
    message.nak(verdict.delayMs);
    if (!context.signal.aborted)
      log.warn(
        { err: error, delivery: message.info.deliveryCount, delayMs: verdict.delayMs },
        'event not handled: it will be delivered again',
      );
    return 'retried';
  }
  if (!(await bury(context, message, log, verdict.reason))) return 'retried';
  context.handedBack.delete(streamSequence);
  log.error(
    {
      err: error instanceof ContractViolation ? undefined : error,
      delivery: message.info.deliveryCount,
      reason: verdict.reason,
    },
    'event given up: see the dead letters',
  );
  return 'dead';
}

/** What becomes of a message whose handler threw. One that is handed back is remembered, so that its next delivery is explained. */
export function judgeFailure(context: HandleContext, message: ArrivedMessage, error: unknown): Verdict {
  const { deliveryCount: count, streamSequence } = message.info;
  const earlier = context.handedBack.get(streamSequence)?.failures ?? 0;
  const failures = earlier + (error instanceof RetryLaterError ? 0 : 1);
  const delivery = { failures, count, max: context.maxDeliver };
  const verdict = judge(error, delivery, policyFor(context, message, error), context.random);
  if (verdict.action === 'retry') remember(context.handedBack, streamSequence, { failures, delivery: count });
  return verdict;
}

function policyFor(
  { policy, unhandledPolicy, unhandled, handlers }: HandleContext,
  message: ArrivedMessage,
  error: unknown,
): RetryPolicy {
  const type = message.headers?.get('ce-type') ?? '';
  if (!(error instanceof UnhandledTypeError)) return { ...policy, ...handlers.get(type)?.retry };
  unhandled.note(type);
  return unhandledPolicy;
}

/**
 * The letter is confirmed before the message is terminated. While it can't be stored the message is held for a few tries, then handed
 * back so that it does not keep others waiting; on its last delivery it is held until it is, since no further one may come.
 *
 * @returns whether it is buried
 */
async function bury(context: DeliverContext, message: JsMsg, log: Logger, reason: string): Promise<boolean> {
  const isLast = context.maxDeliver > 0 && message.info.deliveryCount >= context.maxDeliver;
  for (let tries = 1; ; tries++) {
    try {
      const nc = context.nats.current();
      if (nc === undefined) throw new Error('NATS is not connected.');
      await publishDeadLetter(nc, fromDelivery(message), reason);
      message.term(reason.slice(0, 200));
      return true;
    } catch (error) {
      if (context.signal.aborted) throw error;
      log.error({ err: error, reason }, 'dead letter not stored: trying again');
      if (tries === 5 && !isLast) {
        message.nak(30_000);
        return false;
      }
      const waitMs = backoffMs(tries, { firstDelayMs: 500, longestDelayMs: 5_000 });
      await sleep(waitMs, undefined, { signal: context.signal }).catch(() => undefined);
    }
  }
}

function identify(message: JsMsg, header: HeaderReader): Record<string, unknown> {
  return {
    eventId: header('ce-id'),
    type: header('ce-type'),
    subject: message.subject,
    streamSequence: message.info.streamSequence,
    traceId: header('traceparent')?.split('-')[1],
  };
}

function tellWorking(message: JsMsg): void {
  try {
    message.working();
  } catch {
    // The connection is down: nobody to tell, and the server will deliver it again.
  }
}
