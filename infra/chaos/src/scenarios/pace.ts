import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `begin` so many times a second until the signal aborts, whatever becomes of what was begun: the load is open. What a busy machine
 * could not begin in time is begun at once when it can, so that the rate holds on the whole.
 *
 * @returns when the signal has aborted
 */
export async function pace(perSecond: number, signal: AbortSignal, begin: (index: number) => void): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; !signal.aborted; index++) {
    const dueInMs = startedAt + (index * 1_000) / perSecond - performance.now();
    if (dueInMs > 0) await sleep(dueInMs, undefined, { signal }).catch(() => undefined); // Rejects only when it is over.
    if (!signal.aborted) begin(index);
  }
}
