import { ContractViolation } from '@postrider/contracts';
import { PermanentError, RetryLaterError } from './handler.ts';

/** How often and how patiently a subscription tries a message whose handler fails. */
export interface RetryPolicy {
  /** How often its handler may fail before it becomes a dead letter. Only its own failures count. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  /** The longest wait; a waiting message takes a place among the consumer's unacknowledged ones. */
  readonly longestDelayMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 30_000 };

/** What to do with a message whose handler threw. */
export type Verdict =
  | { readonly action: 'retry'; readonly delayMs: number }
  | { readonly action: 'bury'; readonly reason: string };

/**
 * The one place that decides a failed message's fate. Pure.
 *
 * The server stops delivering after its own `max_deliver`, without a word; so the last delivery always ends in the dead letters.
 *
 * @param delivery how often its handler has failed, this time included; how often the server has delivered it, this time included,
 *   and how often it will at most (-1: no limit)
 * @param random uniform in [0, 1), for the jitter
 */
export function judge(
  error: unknown,
  delivery: { failures: number; count: number; max: number },
  policy: RetryPolicy,
  random: () => number = Math.random,
): Verdict {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof PermanentError || error instanceof ContractViolation) return { action: 'bury', reason };
  const isLast = delivery.max > 0 && delivery.count >= delivery.max;
  if (error instanceof RetryLaterError && !isLast) return { action: 'retry', delayMs: error.delayMs };
  if (isLast || delivery.failures >= policy.attempts)
    return { action: 'bury', reason: `after ${delivery.count} deliveries: ${reason}` };
  return { action: 'retry', delayMs: backoffMs(delivery.failures, policy, random) };
}

/**
 * Exponential with full jitter: uniform between 0 and first × 2^(count − 1), capped. It spreads a burst of failures best for the
 * fewest calls. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  count: number,
  policy: Pick<RetryPolicy, 'firstDelayMs' | 'longestDelayMs'>,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (count - 1)));
}
