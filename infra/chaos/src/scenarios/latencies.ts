/** How long something took that ended at a moment: seconds since the beginning, milliseconds. */
export interface Latency {
  readonly at: number;
  readonly ms: number;
}

export interface CurvePoint {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** One point for each so many seconds in which something ended. */
export function curveOf(latencies: readonly Latency[], bucketSeconds: number): CurvePoint[] {
  return [...Map.groupBy(latencies, ({ at }) => Math.floor(at / bucketSeconds))]
    .toSorted(([one], [other]) => one - other)
    .map(([bucket, inIt]) => {
      const { count, p50, p99 } = summarise(inIt);
      return { at: bucket * bucketSeconds, count, p50, p99 };
    });
}

export function summarise(latencies: readonly Pick<Latency, 'ms'>[]): Summary {
  const sorted = latencies.map(({ ms }) => ms).toSorted((one, other) => one - other);
  return {
    count: sorted.length,
    p50: round(percentile(sorted, 0.5)),
    p99: round(percentile(sorted, 0.99)),
    worst: round(sorted.at(-1) ?? Number.NaN),
  };
}

export function between(latencies: readonly Latency[], from: number, to: number): Latency[] {
  return latencies.filter(({ at }) => at >= from && at < to);
}

/** The smallest value that so great a share of all does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
