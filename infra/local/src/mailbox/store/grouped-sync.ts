/**
 * Group commit. A rename is durable once its directory was synced, and one sync covers every rename before it. So
 * callers share: at most one sync runs, at most one waits. Whoever calls while one runs must not share that one (it
 * may have begun before the caller's rename); it shares the next, which begins when the running one ends.
 *
 * The returned function resolves when a sync that began after the call has succeeded, and rejects when that sync failed.
 */
export function createGroupedSync(sync: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;

  function begin(): Promise<void> {
    waiting = undefined;
    const current = sync().finally(() => {
      if (running === current) running = undefined;
    });
    running = current;
    return current;
  }

  return () => {
    if (running === undefined) return begin();
    waiting ??= running.then(begin, begin); // The failure of the one before belongs to its own callers.
    return waiting;
  };
}
