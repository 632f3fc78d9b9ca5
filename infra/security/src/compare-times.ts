import { mannWhitney } from './mann-whitney.ts';

export interface Comparison {
  /** Chance of seeing such a difference where there is none. */
  readonly p: number;
  readonly medianMs: { readonly known: number; readonly unknown: number };
}

/**
 * Times two kinds of call in turn, in random order within each pair, one at a time: what slows the machine down slows both. The first
 * pairs only warm up.
 */
export async function compareTimes(
  calls: { readonly known: (n: number) => Promise<unknown>; readonly unknown: (n: number) => Promise<unknown> },
  pairs: number,
): Promise<Comparison> {
  const warmUp = 20;
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let n = 0; n < warmUp + pairs; n++) {
    const order = Math.random() < 0.5 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
    for (const kind of order) {
      const started = performance.now();
      await calls[kind](n);
      if (n >= warmUp) times[kind].push(performance.now() - started);
    }
  }
  const medianMs = { known: medianOf(times.known), unknown: medianOf(times.unknown) };
  return { p: mannWhitney(times.known, times.unknown), medianMs };
}

function medianOf(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  return Math.round(middle * 1_000) / 1_000;
}
