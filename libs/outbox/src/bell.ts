/**
 * Wakes the relay early. It carries nothing: handing just-committed ids to the relay reorders them, since a lower id may commit
 * later; the relay reads what is there. A ring while nobody waits is remembered, once.
 */
export interface Bell {
  /** Never throws, never waits. */
  ring(): void;
  /** Resolves at the next ring, after `timeoutMs`, or when the signal aborts, whichever is first. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    wait(timeoutMs, signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          wake = undefined;
          isRung = false;
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        if (isRung || signal.aborted) return done();
        wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    },
  };
}
