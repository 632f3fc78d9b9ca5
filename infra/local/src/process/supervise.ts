// Keeps one server running until it is told to stop.
//
// A supervised server is always in one of three states: running (we wait for its end), waiting (a pause before the next attempt), or
// starting. One loop moves between them and nothing else does, so there is never more than one attempt under way. A server that
// dies is started again after a pause that doubles with every failure in a row, up to three seconds; an attempt that never becomes
// ready counts as a failure too, and half a minute of running forgets them all. The first start is different: its failure is the
// caller's, because a server that can't start at all is misconfigured, and trying for ever would hide why.
//
// Servers know nothing of each other: while one is away the others stay, and are expected to bear it.
import { setTimeout as sleep } from 'node:timers/promises';
import { restartDelayMs } from './backoff.ts';
import type { Exit, RunningServer } from './server-process.ts';

export interface SuperviseOptions<Server extends RunningServer> {
  /** Starts it, and resolves when it is ready. `signal` gives up an attempt; `isRestart` is false for the first one alone. */
  readonly start: (attempt: { readonly signal: AbortSignal; readonly isRestart: boolean }) => Promise<Server>;
  /** Gives up the first start. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: SupervisionEvent) => void;
  /** From when on a server counts as well again. */
  readonly stableAfterMs?: number;
  /** The pause before the next attempt, after so many failures in a row. */
  readonly delayMs?: (failures: number) => number;
}

export type SupervisionEvent =
  | { readonly type: 'died'; readonly exit: Exit; readonly restartInMs: number }
  | { readonly type: 'failed'; readonly error: unknown; readonly restartInMs: number }
  | { readonly type: 'restarted'; readonly pid: number };

export interface Supervised<Server extends RunningServer> extends AsyncDisposable {
  /** The server that runs now, or ran last. */
  readonly current: Server;
}

/** Starts a server and keeps it running. Disposing ends the supervision, then the server. */
export async function supervise<Server extends RunningServer>(
  options: SuperviseOptions<Server>,
): Promise<Supervised<Server>> {
  const { start, onEvent, stableAfterMs = 30_000, delayMs = restartDelayMs } = options;
  const stopping = new AbortController();
  const signal = stopping.signal;
  const first = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
  let current = await start({ signal: first, isRestart: false });

  const keepRunning = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = Date.now();
      const exit = await endOf(current, signal);
      if (exit === undefined) return;
      if (Date.now() - startedAt >= stableAfterMs) failures = 0;
      onEvent({ type: 'died', exit, restartInMs: delayMs(failures) });
      failures = await startAgain(failures);
    }
  };

  /** Tries until it runs again; returns how many failures there were in a row. */
  const startAgain = async (failures: number): Promise<number> => {
    for (let count = failures; ; count += 1) {
      await sleep(delayMs(count), undefined, { signal });
      try {
        current = await start({ signal, isRestart: true });
        onEvent({ type: 'restarted', pid: current.pid });
        return count + 1;
      } catch (error) {
        signal.throwIfAborted();
        onEvent({ type: 'failed', error, restartInMs: delayMs(count + 1) });
      }
    }
  };

  const loop = keepRunning().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return {
    get current() {
      return current;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await loop;
      await current[Symbol.asyncDispose]();
    },
  };
}

/** How it ended, or undefined when the supervision is over first. */
async function endOf(server: RunningServer, signal: AbortSignal): Promise<Exit | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([server.exited, over]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
