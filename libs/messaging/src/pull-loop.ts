import { setImmediate as endOfTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Consumer, type ConsumerMessages, type JsMsg, jetstream } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { Nats } from './connect.ts';
import { type ConsumerDeclaration, consumerDifferences } from './topology.ts';
import { createWatchdog, type Stall } from './watchdog.ts';

/**
 * The theory. A durable consumer keeps our place; we pull from it exactly as many messages as may be worked on, so that nothing lies
 * in a buffer while its ack_wait runs. A supervisor pulls for as long as the consumer is there and is as declared; when
 * it is deleted, drifts, or the server goes away, it says so, waits and looks again: whoever puts it right need not tell us.
 *
 * While messages come a pull lasts two seconds. While none do that would be most of what an idle service costs, so it lasts thirty, and asks
 * for one message: whatever comes ends it, and the next pull asks for all that may be taken.
 *
 * Stopping: no more pulls, messages under way are taken to their end; the connection is closed after that. A short pull runs to its end,
 * for what the server has sent nobody else would have until its ack_wait is over. A long one is taken back: the server is told that we no
 * longer listen, and by its answer everything that it had sent before is here. What it had for us at that very moment it finds
 * undeliverable and gives to the next who asks; only in a cluster, where the consumer's leader may hear of it a moment after our own
 * server, can such a message wait for its ack_wait, one at most.
 */
export interface PullLoop extends AsyncDisposable {
  health(): { status: 'up' | 'down' | 'starting'; detail?: string };
}

export interface PullLoopOptions {
  readonly nats: Nats;
  /** As infra declares it; the server's must not differ. */
  readonly declaration: ConsumerDeclaration;
  /** Messages under way at once. */
  readonly concurrency: number;
  /** Takes one message to its end. Never throws. */
  readonly take: (message: JsMsg) => Promise<void>;
  /** Resolves when messages may be pulled, or when the signal aborts. */
  readonly untilReady: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
  /** Aborted by its owner to stop. Disposing then waits for the end. */
  readonly signal: AbortSignal;
}

/** Starts pulling; returns at once and works in the background until its signal aborts. */
export function startPullLoop(options: PullLoopOptions): PullLoop {
  const state: State = { status: 'starting', detail: 'not connected yet' };
  const loop = { ...options, state, underWay: new Set<Promise<void>>(), slot: { onFreed: () => undefined } };
  const running = supervise(loop);
  return {
    health: () => ({ ...state }),
    async [Symbol.asyncDispose]() {
      await running;
    },
  };
}

interface State {
  status: 'up' | 'down' | 'starting';
  detail?: string;
}

type RunningLoop = PullLoopOptions & {
  readonly state: State;
  readonly underWay: Set<Promise<void>>;
  readonly slot: { onFreed: () => void };
};

const waitBeforeNextLookMs = 1_000;

async function supervise(loop: RunningLoop): Promise<void> {
  const { signal, log, state, nats } = loop;
  while (!signal.aborted) {
    try {
      await pullUntilItEnds(loop);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      // A server that is away comes back by itself; a consumer that is gone or another needs somebody.
      const level = nats.current() === undefined ? 'warn' : 'error';
      if (state.detail !== detail) log[level]({ err: error }, 'subscription interrupted: trying again');
      Object.assign(state, { status: 'down', detail });
      await sleep(waitBeforeNextLookMs, undefined, { signal }).catch(() => undefined);
    }
  }
  await Promise.all(loop.underWay);
}

async function pullUntilItEnds(loop: RunningLoop): Promise<void> {
  const { signal, log, state, declaration } = loop;
  const consumer = await openConsumer(loop);
  if (consumer === undefined) return;
  log.info({ stream: declaration.stream_name }, 'subscribed');
  Object.assign(state, { status: 'up', detail: undefined });
  const watchdog = createWatchdog(consumer);
  while (!signal.aborted) {
    await loop.untilReady(signal);
    await untilSlotIsFree(loop);
    if (signal.aborted) return;
    const taken = await pullOnce(loop, consumer, watchdog.isQuiet() ? 'long' : 'short');
    report(loop, await watchdog.look(taken));
  }
}

/** A stall is told once, and so is its end. */
function report({ state, log }: RunningLoop, stall: Stall | undefined): void {
  const detail = stall && `Delivery is stalled: ${stall.cause}.`;
  if (state.detail === detail) return;
  if (stall === undefined) log.info('delivery goes on');
  else log.error({ ...stall }, 'delivery is stalled');
  Object.assign(state, { status: stall === undefined ? 'up' : 'down', detail });
}

async function untilSlotIsFree({ underWay, concurrency, slot, signal }: RunningLoop): Promise<void> {
  while (underWay.size >= concurrency && !signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    slot.onFreed = resolve;
    await orStopped(promise, signal);
    await endOfTurn(); // Whoever ends in the same turn is freed with it: one pull for all of them, not one for each.
  }
}

async function openConsumer({ nats, declaration, signal }: RunningLoop): Promise<Consumer | undefined> {
  const nc = await orStopped(nats.first(), signal);
  if (nc === undefined) return undefined;
  const { stream_name: stream, config } = declaration;
  const consumer = await jetstream(nc, { timeout: 5_000 }).consumers.get(stream, config.durable_name);
  const differences = consumerDifferences(declaration, (await consumer.info(true)).config);
  if (differences.length > 0) throw new Error(`The consumer is not as declared: ${differences.join('; ')}.`);
  return consumer;
}

const pullMs = { short: 2_000, long: 30_000 };
/** By their absence we learn that whoever led the consumer is gone, and our pull with it. */
const heartbeatMs = { short: 1_000, long: 5_000 };
/** How much longer than it asked for a pull may take; the client ends one whose heartbeats are missing long before. */
const pullGraceMs = 10_000;
/** How long taking a pull back may take: a server that hangs answers nothing. */
const takeBackMs = 2_000;

/**
 * One pull: a short one for as many messages as may be taken now, a long one for the first that comes. It runs to its end also when the
 * intake closes; what comes in the meantime is held, or handed back at once.
 *
 * @returns how many messages came
 */
async function pullOnce(loop: RunningLoop, consumer: Consumer, length: keyof typeof pullMs): Promise<number> {
  const { underWay, slot, take, concurrency } = loop;
  const expires = pullMs[length];
  const free = length === 'long' ? 1 : concurrency - underWay.size;
  const batch = await consumer.fetch({ max_messages: free, expires, idle_heartbeat: heartbeatMs[length] });
  const guard = setTimeout(() => batch.stop(new Error('A pull came to no end.')), expires + pullGraceMs);
  using _untilStopped = length === 'long' ? onAbort(loop.signal, () => takeBack(batch)) : undefined;
  let taken = 0;
  try {
    for await (const message of batch) {
      taken++;
      const delivery = take(message).finally(() => {
        underWay.delete(delivery);
        slot.onFreed();
      });
      underWay.add(delivery);
    }
  } finally {
    clearTimeout(guard);
  }
  return taken;
}

/** Ends a pull when everything that the server has sent is here. The client's own `close` would drop what is on its way. */
function takeBack(batch: ConsumerMessages): void {
  const { sub } = batch as ConsumerMessages & { readonly sub: Subscription }; // There, though its type hides it.
  void Promise.race([sub.drain(), sleep(takeBackMs, undefined, { ref: false })]).then(
    () => batch.stop(),
    () => batch.stop(), // The connection is closed.
  );
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener('abort', act, { once: true });
  if (signal.aborted) act();
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) };
}

async function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return Promise.race([promise, stopped]).finally(() => signal.removeEventListener('abort', onAbort));
}
