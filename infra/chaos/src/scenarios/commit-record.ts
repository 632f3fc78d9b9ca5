import { setTimeout as sleep } from 'node:timers/promises';
import type { Latency } from './latencies.ts';

/** Which events were committed and handled, and when. Marks name them. */
export interface CommitRecord {
  begin(): void;
  /** Since the beginning. */
  seconds(): number;
  /** The commit was heard of. */
  committed(mark: string): void;
  /** Its handler began, for the first or for another time. */
  handled(mark: string): void;
  marks(): string[];
  /** From commit to handler, of those that were handled. */
  latencies(): Latency[];
  /** @throws when the signal aborts first */
  untilAllHandled(signal: AbortSignal): Promise<void>;
}

export function createCommitRecord(): CommitRecord {
  const commits = new Map<string, number>();
  const handlings = new Map<string, number>();
  let beganAt = performance.now();
  return {
    begin: () => void (beganAt = performance.now()),
    seconds: () => (performance.now() - beganAt) / 1_000,
    committed: (mark) => void commits.set(mark, performance.now()),
    handled(mark) {
      if (!handlings.has(mark)) handlings.set(mark, performance.now());
    },
    marks: () => [...commits.keys()],
    latencies: () =>
      [...commits].flatMap(([mark, committedAt]) => {
        const handledAt = handlings.get(mark);
        // A handler may begin before the one who commits has heard of it.
        return handledAt === undefined
          ? []
          : [{ at: (committedAt - beganAt) / 1_000, ms: Math.max(0, handledAt - committedAt) }];
      }),
    async untilAllHandled(signal) {
      while (commits.keys().some((mark) => !handlings.has(mark))) await sleep(100, undefined, { signal });
    },
  };
}
