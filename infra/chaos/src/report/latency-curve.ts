import type { Facts } from '@postrider/audit';
import { percentile } from '../scenarios/latencies.ts';

export interface LatencyPoint {
  /** Seconds since the first event. */
  readonly at: number;
  readonly mails: number;
  /** From the event's INSERT to the ledger's row, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** How long it took from an event's commit until its handler had begun, over the run. */
export function latencyCurve({ logs, ledger }: Facts, bucketSeconds: number): LatencyPoint[] {
  const recorded = new Map(logs.flatMap(({ events }) => events.map(({ id, recordedAt }) => [id, recordedAt])));
  const first = Math.min(...recorded.values());
  const buckets = new Map<number, number[]>();
  for (const { eventId, acceptedAt } of ledger?.mails ?? []) {
    const recordedAt = recorded.get(eventId);
    if (recordedAt === undefined) continue;
    const bucket = Math.floor((recordedAt - first) / 1_000 / bucketSeconds);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), acceptedAt - recordedAt]);
  }
  return [...buckets]
    .toSorted(([one], [other]) => one - other)
    .map(([bucket, latencies]) => {
      const sorted = latencies.toSorted((one, other) => one - other);
      return {
        at: bucket * bucketSeconds,
        mails: sorted.length,
        p50: Math.round(percentile(sorted, 0.5)),
        p99: Math.round(percentile(sorted, 0.99)),
      };
    });
}
