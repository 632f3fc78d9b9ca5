import type { RetryPolicy } from './settlement.ts';

/**
 * The theory. While a deployment rolls, the durable may deliver what only the newer build understands: a new type, or a new major version
 * of a known one. An older replica can't handle it and must not settle it either: it hands the message back, later and later, and
 * says so in health. The newer replica takes what comes its way; when the roll is over there is nobody else.
 *
 * It is bounded, because the newer build may never come: about an hour of one process's attempts, then the dead letters, whence an operator
 * replays them once there is a handler. The count is a process's own and starts anew with it, so a deployment that takes a day
 * gets its hour with each build. A type that nobody is meant to handle belongs out of the durable's filter.
 */
export class UnhandledTypeError extends Error {
  override readonly name = 'UnhandledTypeError';

  constructor(type: string) {
    super(`This build has no handler for "${type}".`);
  }
}

/** 30 s, 1, 2, 4, then 5 minutes at most, halved by the jitter on average: 24 attempts are an hour, give or take. */
export const unhandledRetryPolicy: RetryPolicy = { attempts: 24, firstDelayMs: 30_000, longestDelayMs: 300_000 };

/** What was left to others lately, for health. */
export interface UnhandledTypes {
  note(type: string): void;
  /** A sentence, or undefined when there was nothing of the kind for twice the longest delay. */
  describe(): string | undefined;
}

export function createUnhandledTypes(
  { longestDelayMs }: RetryPolicy,
  now: () => number = () => performance.now(),
): UnhandledTypes {
  const lastSeen = new Map<string, number>();
  return {
    note: (type) => void lastSeen.set(type, now()),
    describe() {
      for (const [type, seenAt] of lastSeen) if (now() - seenAt > 2 * longestDelayMs) lastSeen.delete(type);
      if (lastSeen.size === 0) return undefined;
      return `left to a newer build: ${[...lastSeen.keys()].toSorted().join(', ')}`;
    },
  };
}
