import type { Logger } from 'pino';
import { createAcknowledger } from './acknowledger.ts';
import type { Nats } from './connect.ts';
import { deliver, type DeliverContext } from './deliver.ts';
import type { Handler } from './handler.ts';
import { createIntake, type Probe } from './intake.ts';
import { observeDeliveries } from './observe-deliveries.ts';
import { startPullLoop } from './pull-loop.ts';
import { defaultRetryPolicy, type RetryPolicy } from './settlement.ts';
import { createSuspects } from './suspects.ts';
import { type ConsumerDeclaration, coversFilter } from './topology.ts';
import { createUnhandledTypes, unhandledRetryPolicy } from './unhandled-types.ts';

/** Handlers at work on a durable: pulled by `pull-loop.ts`, each message taken to its end by `deliver.ts`. */
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
  /** For handlers that have none of their own. */
  readonly policy?: RetryPolicy;
  /** For types without a handler in this build. */
  readonly unhandledPolicy?: RetryPolicy;
  /** How long a handler may take; far above what its work can. For handlers that have none of their own. */
  readonly timeLimitMs?: number;
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
  const { unhandledPolicy = unhandledRetryPolicy, timeLimitMs = 30 * 60_000 } = options;
  const durable = declaration.config.durable_name;
  refuseUncovered(declaration, handlers);

  const log = options.log.child({ durable });
  const stopping = new AbortController();
  const { signal } = stopping;
  const intake = createIntake(probes, log);
  const byType = new Map(handlers.map((handler) => [handler.contract.type, handler]));
  const acknowledger = createAcknowledger(options.nats);
  const context: DeliverContext = {
    nats: options.nats,
    policy,
    unhandledPolicy,
    unhandled: createUnhandledTypes(unhandledPolicy),
    log,
    handlers: byType,
    intake,
    observer: observeDeliveries({
      durable,
      stream: declaration.stream_name,
      types: byType,
      isOpen: () => intake.closedBecause() === undefined,
    }),
    acknowledger,
    suspects: createSuspects({ nats: options.nats, log }),
    timeLimitMs,
    ackWaitMs: declaration.config.ack_wait / 1e6,
    maxDeliver: declaration.config.max_deliver,
    signal,
    handedBack: new Map(),
  };
  const loop = startPullLoop({
    nats: options.nats,
    declaration,
    concurrency,
    take: async (message) => deliver(context, message),
    untilReady: intake.untilOpen,
    log,
    signal,
  });
  return {
    durable,
    types: [...context.handlers.keys()],
    health() {
      const closed = intake.closedBecause();
      if (closed !== undefined) return { status: 'down', detail: closed };
      const health = loop.health();
      const left = context.unhandled.describe();
      return health.status === 'up' && left !== undefined ? { ...health, detail: left } : health;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loop[Symbol.asyncDispose]();
      acknowledger[Symbol.dispose]();
    },
  };
}

function refuseUncovered(declaration: ConsumerDeclaration, handlers: readonly Handler[]): void {
  const uncovered = handlers.filter(
    ({ contract }) =>
      contract.stream !== declaration.stream_name || !coversFilter(declaration.config.filter_subjects, contract.filter),
  );
  if (uncovered.length > 0)
    throw new Error(
      `The durable "${declaration.config.durable_name}" of ${declaration.stream_name} does not deliver ${uncovered.map(({ contract }) => contract.type).join(', ')}.`,
    );
}
