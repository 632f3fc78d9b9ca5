import type { Facts } from '@postrider/audit';

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
    .map(([bucket, latencies]) => ({
      at: bucket * bucketSeconds,
      mails: latencies.length,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
    }));
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
