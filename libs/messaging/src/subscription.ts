import { setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, jetstream } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { Nats } from './connect.ts';
import { deliver, type DeliverContext } from './deliver.ts';
import type { Handler } from './handler.ts';
import { createIntake, type Probe } from './intake.ts';
import { observeDeliveries } from './observe-deliveries.ts';
import { defaultRetryPolicy, type RetryPolicy } from './settlement.ts';
import { type ConsumerDeclaration, consumerDifferences, coversFilter } from './topology.ts';

/**
 * The theory. A durable consumer keeps our place; we pull from it exactly as many messages as handlers are free, so that nothing lies
 * in a buffer while its ack_wait runs. A supervisor pulls for as long as the consumer is there and is as declared; when
 * it is deleted, drifts, or the server goes away, it says so, waits and looks again.
 *
 * Stopping: no more pulls, handlers under way finish and settle, what only waits is handed back; the connection is closed after that.
 */
export interface Subscription extends AsyncDisposable {
  readonly durable: string;
  readonly types: readonly string[];
  health(): { status: 'up' | 'down' | 'starting'; detail?: string };
}

export interface SubscriptionOptions {
  readonly nats: Nats;
  /** As infra declares it; the server's must not differ. */
  readonly declaration: ConsumerDeclaration;
  readonly handlers: readonly Handler[];
  readonly log: Logger;
  /** Handlers at work at once. */
  readonly concurrency?: number;
  readonly policy?: RetryPolicy;
  /** By dependency, as handlers name it in `UnavailableError`. */
  readonly probes?: Readonly<Record<string, Probe>>;
}

/**
 * Subscribes the handlers to their durable; returns at once and works in the background.
 *
 * @throws when a handler's events are outside the declared filter: it would wait for ever
 */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { declaration, handlers, concurrency = 16, policy = defaultRetryPolicy, probes = {} } = options;
  const durable = declaration.config.durable_name;
  const uncovered = handlers.filter(
    ({ contract }) =>
      contract.stream !== declaration.stream_name || !coversFilter(declaration.config.filter_subjects, contract.filter),
  );
  if (uncovered.length > 0)
    throw new Error(
      `The durable "${durable}" of ${declaration.stream_name} does not deliver ${uncovered.map(({ contract }) => contract.type).join(', ')}.`,
    );

  const log = options.log.child({ durable });
  const stopping = new AbortController();
  const state: State = { status: 'starting', detail: 'not connected yet' };
  const intake = createIntake(probes, log);
  const underWay = new Set<Promise<void>>();
  const byType = new Map(handlers.map((handler) => [handler.contract.type, handler]));
  const subscription: RunningSubscription = {
    nats: options.nats,
    declaration,
    concurrency,
    policy,
    log,
    state,
    handlers: byType,
    intake,
    observer: observeDeliveries({
      durable,
      stream: declaration.stream_name,
      types: byType,
      busy: () => underWay.size,
      isOpen: () => intake.closedBecause() === undefined,
    }),
    ackWaitMs: declaration.config.ack_wait / 1e6,
    maxDeliver: declaration.config.max_deliver,
    signal: stopping.signal,
    underWay,
    failures: new Map(),
    slot: { onFreed: () => undefined },
  };
  const running = supervise(subscription);
  return {
    durable,
    types: [...byType.keys()],
    health() {
      const closed = intake.closedBecause();
      return closed === undefined ? { ...state } : { status: 'down', detail: closed };
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

interface State {
  status: 'up' | 'down' | 'starting';
  detail?: string;
}

type RunningSubscription = DeliverContext & {
  readonly declaration: ConsumerDeclaration;
  readonly concurrency: number;
  readonly state: State;
  readonly underWay: Set<Promise<void>>;
  readonly slot: { onFreed: () => void };
};

const waitBeforeNextLookMs = 1_000;

async function supervise(subscription: RunningSubscription): Promise<void> {
  const { signal, log, state } = subscription;
  while (!signal.aborted) {
    try {
      await pullUntilItEnds(subscription);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (state.detail !== detail) log.warn({ err: error }, 'subscription interrupted: trying again');
      Object.assign(state, { status: 'down', detail });
      await sleep(waitBeforeNextLookMs, undefined, { signal }).catch(() => undefined);
    }
  }
  await Promise.all(subscription.underWay);
}

async function pullUntilItEnds(subscription: RunningSubscription): Promise<void> {
  const { signal, intake, underWay, concurrency, log, state, declaration } = subscription;
  const consumer = await openConsumer(subscription);
  if (consumer === undefined) return;
  log.info({ stream: declaration.stream_name, types: [...subscription.handlers.keys()] }, 'subscribed');
  Object.assign(state, { status: 'up', detail: undefined });
  while (!signal.aborted) {
    await intake.untilOpen(signal);
    await untilSlotIsFree(subscription);
    if (!signal.aborted) await pullOnce(subscription, consumer, concurrency - underWay.size);
  }
}

async function untilSlotIsFree({ underWay, concurrency, slot, signal }: RunningSubscription): Promise<void> {
  while (underWay.size >= concurrency && !signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    slot.onFreed = resolve;
    await orStopped(promise, signal);
  }
}

async function openConsumer({ nats, declaration, signal }: RunningSubscription): Promise<Consumer | undefined> {
  const nc = await orStopped(nats.first(), signal);
  if (nc === undefined) return undefined;
  const { stream_name: stream, config } = declaration;
  const consumer = await jetstream(nc, { timeout: 5_000 }).consumers.get(stream, config.durable_name);
  const differences = consumerDifferences(declaration, (await consumer.info(true)).config);
  if (differences.length > 0) throw new Error(`The consumer is not as declared: ${differences.join('; ')}.`);
  return consumer;
}

/**
 * One pull for as many messages as may be handled now. It runs to its end, two seconds at most, also when the intake closes or the
 * subscription stops: unsubscribing would drop what the server has sent already, and nobody would have it until its ack_wait
 * is over. What comes in the meantime is held, or handed back at once.
 */
async function pullOnce(subscription: RunningSubscription, consumer: Consumer, free: number): Promise<void> {
  const { underWay, slot } = subscription;
  const batch = await consumer.fetch({ max_messages: free, expires: 2_000, idle_heartbeat: 1_000 });
  for await (const message of batch) {
    const delivery = deliver(subscription, message).finally(() => {
      underWay.delete(delivery);
      slot.onFreed();
    });
    underWay.add(delivery);
  }
}

async function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return Promise.race([promise, stopped]).finally(() => signal.removeEventListener('abort', onAbort));
}
