/**
 * Streams that did not take an event wait before they are asked again, 50 ms growing to 1 s, each for itself: one that is full or
 * misconfigured must not hold back the others.
 */
export interface StreamBackoff {
  /** Streams to leave alone for now. */
  waiting(): string[];
  /** Milliseconds until the first of them may be asked again; undefined when none waits. */
  nextMs(): number | undefined;
  failed(stream: string): void;
  took(stream: string): void;
}

const [shortestMs, longestMs] = [50, 1_000];

/** @param now monotonic milliseconds */
export function createStreamBackoff(now: () => number = () => performance.now()): StreamBackoff {
  const streams = new Map<string, { delayMs: number; until: number }>();
  return {
    waiting: () => [...streams].filter(([, { until }]) => until > now()).map(([stream]) => stream),
    nextMs() {
      const ends = [...streams.values()].map(({ until }) => until - now()).filter((ms) => ms > 0);
      return ends.length === 0 ? undefined : Math.min(...ends);
    },
    failed(stream) {
      const delayMs = Math.min((streams.get(stream)?.delayMs ?? shortestMs / 2) * 2, longestMs);
      streams.set(stream, { delayMs, until: now() + delayMs });
    },
    took: (stream) => void streams.delete(stream),
  };
}
