import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { UnavailableError } from './handler.ts';

/** Tries whether a dependency answers again; resolves when it does. */
export type Probe = () => Promise<void>;

/**
 * The theory. When the destination of a whole subscription is gone, retrying message by message would spend their attempts and fill
 * the consumer's waiting room. So the intake closes: no new message is pulled, those at hand are held (their owner keeps
 * telling the server "working"), and one probe for each missing dependency is repeated, 250 ms growing to 2 s. When all
 * answer, the intake opens and the held messages are handled again, in the same delivery.
 */
export interface Intake {
  /** Why it is closed; undefined while it is open. */
  closedBecause(): string | undefined;
  /** Closes for a dependency, or joins the wait for it; resolves when all answer, or when `signal` aborts. */
  waitFor(error: UnavailableError, signal: AbortSignal): Promise<void>;
  /** Resolves when open, or when `signal` aborts. */
  untilOpen(signal: AbortSignal): Promise<void>;
}

export function createIntake(probes: Readonly<Record<string, Probe>>, log: Logger): Intake {
  const missing = new Map<string, Promise<void>>();

  const probeUntilItAnswers = async (dependency: string, signal: AbortSignal): Promise<void> => {
    const since = performance.now();
    for (let delayMs = 250; !signal.aborted; delayMs = Math.min(delayMs * 2, 2_000)) {
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      if (await answers(probes[dependency], signal)) break;
    }
    missing.delete(dependency);
    if (!signal.aborted)
      log.info({ dependency, downMs: Math.round(performance.now() - since) }, 'dependency answers again: intake open');
  };

  const untilOpen = async (signal: AbortSignal): Promise<void> => {
    while (missing.size > 0 && !signal.aborted) await Promise.all(missing.values()); // Each of them ends with the signal.
  };

  return {
    closedBecause: () => (missing.size === 0 ? undefined : `waiting for ${[...missing.keys()].join(', ')}`),
    untilOpen,
    async waitFor(error, signal) {
      if (!missing.has(error.dependency)) {
        log.warn(
          { err: error, dependency: error.dependency },
          'dependency does not answer: intake closed, messages are held',
        );
        missing.set(error.dependency, probeUntilItAnswers(error.dependency, signal));
      }
      await untilOpen(signal);
    },
  };
}

/** One look. A probe that hangs must not hold up a stop. */
async function answers(probe: Probe | undefined, signal: AbortSignal): Promise<boolean> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<boolean>();
  const onAbort = (): void => stop(false);
  signal.addEventListener('abort', onAbort, { once: true });
  const looked = (probe?.() ?? Promise.resolve()).then(
    () => true,
    () => false,
  );
  return Promise.race([looked, stopped]).finally(() => signal.removeEventListener('abort', onAbort));
}
