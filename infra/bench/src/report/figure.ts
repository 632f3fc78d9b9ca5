import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Distribution } from '../measure/statistics.ts';

/** One measurement as it stands in `figures.jsonl`. */
export interface Figure {
  readonly at: string;
  readonly workload: string;
  readonly peer: string;
  /** Load average of the machine when it began. */
  readonly load: number;
  readonly error?: string;
  readonly result?: Result;
}

/** What the workloads tell; each fills what it knows. */
export interface Result {
  readonly commitToHandler?: Distribution | Readonly<Record<'before' | 'held' | 'after', Distribution>>;
  readonly commitsPerSecond?: number;
  readonly handledPerSecond?: number;
  readonly cpuPer10k?: Readonly<Record<string, number>>;
  readonly curve?: readonly { readonly second: number; readonly p50: number; readonly p99: number }[];
  readonly [other: string]: unknown;
}

export interface Figures {
  readonly figures: readonly Figure[];
  readonly machines: readonly string[];
}

export async function readFigures(folder: string): Promise<Figures> {
  const lines = (await readFile(join(folder, 'figures.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  const all = lines.map((line) => JSON.parse(line) as Figure | { machine: string }); // As main.ts wrote them.
  return {
    figures: all.flatMap((one) => ('workload' in one ? [one] : [])),
    machines: [...new Set(all.flatMap((one) => ('machine' in one ? [one.machine] : [])))],
  };
}

/** The results of a workload, by peer, in the order they came. */
export function resultsOf(figures: readonly Figure[], workload: string): Map<string, Result[]> {
  const results = new Map<string, Result[]>();
  for (const figure of figures) {
    if (figure.workload !== workload || figure.result === undefined) continue;
    results.set(figure.peer, [...(results.get(figure.peer) ?? []), figure.result]);
  }
  return results;
}
