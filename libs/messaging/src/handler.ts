import type { EventContract, EventOf } from '@postrider/contracts';
import type { Logger } from 'pino';
import type { RetryPolicy } from './settlement.ts';

/** What a handler may know about the delivery it works on. */
export interface Delivery {
  /** Bound to the event: eventId, type, subject, traceId. */
  readonly log: Logger;
  /** Aborted when the subscription stops. A handler under way may finish; one that waits should give up. */
  readonly signal: AbortSignal;
  /** 1 for the first delivery by the server. Crashes and restarts count too. */
  readonly attempt: number;
  /** Where the message stands, for who wants it again later. */
  readonly source: MessageSource;
}

/** A message's place, and whose delivery of it this is. */
export interface MessageSource {
  readonly stream: string;
  readonly sequence: number;
  readonly durable: string;
}

/**
 * A contract and what to do with its events.
 *
 * The handler acknowledges by returning, and decides otherwise by what it throws: {@link PermanentError} → dead letter now;
 * {@link RetryLaterError} → again after its delay; {@link UnavailableError} → the subscription waits for the dependency and
 * runs it again; anything else is a bug → redelivery with backoff, and a dead letter after the policy's attempts. It may see
 * an event more than once and must be ready for it.
 */
export interface Handler {
  readonly contract: EventContract;
  handle(event: EventOf<EventContract>, delivery: Delivery): Promise<void>;
  /** How often and how patiently it is tried, where that differs from the subscription's policy. */
  readonly retry: Partial<RetryPolicy>;
  /** How long it may take before it counts as failed, where that differs from the subscription's limit. */
  readonly timeLimitMs?: number;
}

export interface HandlerOptions {
  readonly retry?: Partial<RetryPolicy>;
  readonly timeLimitMs?: number;
}

/** Registers a handler for a contract; the handler sees the data as the contract types it. */
export function on<C extends EventContract>(
  contract: C,
  handle: (event: EventOf<C>, delivery: Delivery) => Promise<void>,
  { retry = {}, ...more }: HandlerOptions = {},
): Handler {
  // The subscription parses the data with this very contract before it calls, so the narrower parameter type is sound.
  return { contract, handle, retry, ...more };
}

/** Sending it again can't help: dead letter at once, with this message as the reason. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
}

/** Not now: the server delivers it again after the delay. Spends no attempt of the subscription's policy. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly delayMs: number;

  constructor(message: string, delayMs: number, options?: ErrorOptions) {
    super(message, options);
    this.delayMs = delayMs;
  }
}

/** A dependency can't be reached at all. It is nobody's fault and no attempt: the subscription pauses until its probe succeeds. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly dependency: string;

  constructor(dependency: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.dependency = dependency;
  }
}
