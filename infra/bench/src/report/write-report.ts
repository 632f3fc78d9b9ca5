import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median, rounded } from '../measure/statistics.ts';
import { barChart, lineChart } from './charts.ts';
import { type Figure, readFigures, type Result, resultsOf } from './figure.ts';
import { resultTables } from './result-tables.ts';

/** Writes the report and its pictures beside the figures they are made from. */
export async function writeReport(folder: string): Promise<void> {
  const { figures, machines } = await readFigures(folder);
  const pictures = draw(figures);
  for (const { file, svg } of pictures) await writeFile(join(folder, file), svg);
  const loads = figures.map(({ load }) => load);
  const lines = [
    `# Benchmarks of ${figures[0]?.at.slice(0, 10) ?? ''}`,
    '',
    ...machines.map((machine) => `${machine}.`),
    `PostgreSQL 18 with fsync on. Medians, with the least and the greatest of several runs in brackets; peers in turn. Load average when a measurement began: ${Math.min(...loads)} to ${Math.max(...loads)}.`,
    'Raw figures: [figures.jsonl](figures.jsonl). What each workload and each peer is: [infra/bench](../../README.md).',
    '',
    ...pictures.map(({ file, title }) => `![${title}](${file})`),
    '',
    resultTables(figures),
  ];
  await writeFile(join(folder, 'README.md'), lines.join('\n'));
}

interface Picture {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

const bars: readonly { workload: string; file: string; title: string; unit: string; value(result: Result): unknown }[] =
  [
    {
      workload: 'latency 50/s',
      file: 'latency-50.svg',
      title: 'Commit → handler at 50 events/s, p99',
      unit: 'ms (less is better)',
      value: ({ commitToHandler }) => (commitToHandler as { p99: number }).p99,
    },
    {
      workload: 'latency 500/s',
      file: 'latency-500.svg',
      title: 'Commit → handler at 500 events/s, p99',
      unit: 'ms (less is better)',
      value: ({ commitToHandler }) => (commitToHandler as { p99: number }).p99,
    },
    {
      workload: 'throughput, MikroORM',
      file: 'throughput.svg',
      title: 'Accounts and events, 16 producers with MikroORM',
      unit: 'commits/s',
      value: ({ commitsPerSecond }) => commitsPerSecond,
    },
    {
      workload: 'drain 500k',
      file: 'drain.svg',
      title: 'From a backlog of 500,000',
      unit: 'handled/s',
      value: ({ handledPerSecond }) => handledPerSecond,
    },
  ];

function draw(figures: readonly Figure[]): Picture[] {
  const drawn = bars.flatMap(({ workload, file, title, unit, value }) => {
    const results = [...resultsOf(figures, workload)];
    if (results.length === 0) return [];
    const data = results.map(([label, of]) => ({
      label,
      value: rounded(median(of.map(value).filter((one) => typeof one === 'number'))),
      isOurs: label.startsWith('postrider'),
    }));
    return [{ file, title, svg: barChart(title, unit, data) }];
  });
  const held = [...resultsOf(figures, 'held transaction')];
  const [first] = held.flatMap(([, results]) => results);
  if (first === undefined) return drawn;
  const { before, held: seconds } = first['phases'] as { before: number; held: number }; // As the workload tells them.
  const lines = held.map(([label, [result]]) => ({
    label,
    points: (result?.curve ?? []).map(({ second, p99 }) => [second, p99] as const),
  }));
  const title = 'A transaction held open (grey): commit → handler p99';
  const svg = lineChart(title, 'ms, over seconds', lines, [before, before + seconds]);
  return [...drawn, { file: 'held-transaction.svg', title, svg }];
}
