import { pino, type Logger } from 'pino';
import { type ArrivedMessage, headerReader } from '../arrived-message.ts';
import { handle, type HandleContext, judgeFailure } from '../deliver.ts';
import type { Handler, UnavailableError } from '../handler.ts';
import type { Intake } from '../intake.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../settlement.ts';
import { createSuspects } from '../suspects.ts';
import { createUnhandledTypes, unhandledRetryPolicy } from '../unhandled-types.ts';
import type { TestMessage } from './test-message.ts';

/** What became of a delivery. */
export type Outcome =
  | { readonly verdict: 'acknowledged' }
  /** It comes again after this time: exactly, where the handler said so, else at most (the backoff's jitter shortens it). */
  | { readonly verdict: 'retried'; readonly afterMs: number; readonly error: unknown }
  /** The subscription waits for what the handler can't reach, and runs it again in the same delivery. */
  | { readonly verdict: 'held'; readonly waitsFor: string }
  | { readonly verdict: 'dead letter'; readonly reason: string };

export interface TestedHandlers {
  /** Delivers the message once. The same one again is delivered again, as the server would: counted, under the same id. */
  feed(message: TestMessage): Promise<Outcome>;
  /** Delivers the message until it is acknowledged or a dead letter, without the waits between. @returns every outcome, the last one last */
  feedUntilSettled(message: TestMessage): Promise<Outcome[]>;
}

export interface TestHandlersOptions {
  readonly policy?: RetryPolicy;
  /** The durable's own, as it is declared. */
  readonly maxDeliver?: number;
  readonly timeLimitMs?: number;
  /** The durable and stream that the handlers are told of. */
  readonly durable?: string;
  readonly stream?: string;
  readonly log?: Logger;
}

/**
 * Handlers as a subscription runs them, less the server: messages are parsed, handled and judged by the very code that does so in
 * production, and what it would tell the server is returned.
 */
export function testHandlers(handlers: readonly Handler[], options: TestHandlersOptions = {}): TestedHandlers {
  const context = contextOf(handlers, options);
  const deliveries = new Map<TestMessage, { sequence: number; count: number }>();
  const feed = async (message: TestMessage): Promise<Outcome> => {
    const known = deliveries.get(message);
    const delivery = { sequence: known?.sequence ?? deliveries.size + 1, count: (known?.count ?? 0) + 1 };
    deliveries.set(message, delivery);
    const { stream = 'USER_EVENTS', durable: consumer = 'test' } = options;
    const info = { stream, consumer, streamSequence: delivery.sequence, deliveryCount: delivery.count };
    return deliverOnce(context, { ...message, info });
  };
  return {
    feed,
    async feedUntilSettled(message) {
      const outcomes = [await feed(message)];
      while (outcomes.at(-1)?.verdict === 'retried') outcomes.push(await feed(message));
      return outcomes;
    },
  };
}

async function deliverOnce(context: HandleContext, message: ArrivedMessage): Promise<Outcome> {
  try {
    await handle(context, message, { logger: () => context.log, header: headerReader(message), trace: {} });
    context.handedBack.delete(message.info.streamSequence);
    return { verdict: 'acknowledged' };
  } catch (error) {
    if (error instanceof Held) return { verdict: 'held', waitsFor: error.dependency };
    const verdict = judgeFailure(context, message, error);
    if (verdict.action === 'retry') return { verdict: 'retried', afterMs: verdict.delayMs, error };
    context.handedBack.delete(message.info.streamSequence);
    return { verdict: 'dead letter', reason: verdict.reason };
  }
}

function contextOf(handlers: readonly Handler[], options: TestHandlersOptions): HandleContext {
  const { policy = defaultRetryPolicy, maxDeliver = 100, timeLimitMs = 30 * 60_000 } = options;
  const { log = pino({ level: 'silent' }) } = options;
  return {
    handlers: new Map(handlers.map((handler) => [handler.contract.type, handler])),
    intake: intakeThatTells,
    policy,
    unhandledPolicy: unhandledRetryPolicy,
    unhandled: createUnhandledTypes(unhandledRetryPolicy),
    suspects: createSuspects({ nats: { current: () => undefined }, log }),
    handedBack: new Map(),
    timeLimitMs,
    maxDeliver,
    log,
    signal: new AbortController().signal,
    random: () => 1,
  };
}

/** Instead of waiting it says what for: a test has nothing to wait for. */
const intakeThatTells: Intake = {
  closedBecause: () => undefined,
  untilOpen: async () => undefined,
  waitFor: async (error: UnavailableError) => {
    throw new Held(error.dependency);
  },
};

class Held extends Error {
  readonly dependency: string;

  constructor(dependency: string) {
    super(`Held until ${dependency} answers.`);
    this.dependency = dependency;
  }
}
