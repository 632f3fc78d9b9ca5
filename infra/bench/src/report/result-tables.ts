import { median, rounded } from '../measure/statistics.ts';
import { type Figure, type Result, resultsOf } from './figure.ts';

type Column = readonly [title: string, value: (result: Result) => unknown];

/** What stands there, where it does: a workload tells what it knows. */
const at =
  (...path: string[]) =>
  (result: Result): unknown =>
    path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], result);
const cpu =
  (...names: string[]) =>
  ({ cpuPer10k }: Result) =>
    cpuPer10k && names.reduce((sum, name) => sum + (cpuPer10k[name] ?? 0), 0);

const latency: readonly Column[] = [
  ['commit → handler p50, ms', at('commitToHandler', 'p50')],
  ['p99', at('commitToHandler', 'p99')],
  ['due → handler p50, ms', at('dueToHandler', 'p50')],
  ['p99', at('dueToHandler', 'p99')],
];
const throughput: readonly Column[] = [
  ['commits/s', at('commitsPerSecond')],
  ['handled/s', at('handledPerSecond')],
  ['CPU-s per 10k: delivery', cpu('relay', 'nats', 'nats-2', 'nats-3', 'consumer', 'redis')],
  ['database', cpu('postgres')],
  ['producer', cpu('producer')],
];

const hashing: readonly Column[] = [
  ['a second', at('perSecond')],
  ['hashes a second alone', at('hashesPerSecond')],
  ['share', at('share')],
  ['p50, ms', at('latencyMs', 'p50')],
  ['p99', at('latencyMs', 'p99')],
  ['CPU of each, ms: user', at('cpuMsEach', 'user')],
  ['all', at('cpuMsEach', 'total')],
];

/** Columns by how a workload's name begins. */
const columns: readonly (readonly [string, readonly Column[]])[] = [
  ['latency', latency],
  ['throughput', throughput],
  ['commits', throughput],
  [
    'drain',
    [
      ['handled/s', at('handledPerSecond')],
      ['stored/s', at('storedPerSecond')],
      ['CPU-s per 10k', cpu('total')],
    ],
  ],
  ['three nodes: latency', latency],
  ['three nodes: throughput', throughput],
  [
    'held transaction',
    (['before', 'held', 'after'] as const).flatMap((phase): Column[] => [
      [`${phase}: commit → handler p50, ms`, at('commitToHandler', phase, 'p50')],
      ['p99', at('commitToHandler', phase, 'p99')],
    ]),
  ],
  [
    'fan-out',
    [
      ['deliveries/s', at('deliveriesPerSecond')],
      ['CPU-s per 10k deliveries: consumer', at('cpuPer10kDeliveries', 'consumer')],
      ['all', at('cpuPer10kDeliveries', 'total')],
    ],
  ],
  [
    'NATS away',
    [
      ['events waiting', at('events')],
      ['ms until none does', at('catchUpMs')],
      ['handled again', at('again')],
    ],
  ],
  ['registrations', hashing],
  ['sign-ins', hashing],
  ['idle', [['% of a core', at('percentOfACore', 'total')]]],
];

/** Every workload as a table of medians, with the least and the greatest of several runs in brackets. */
export function resultTables(figures: readonly Figure[]): string {
  return [...new Set(figures.map(({ workload }) => workload))].map((workload) => tableOf(figures, workload)).join('\n');
}

export function tableOf(figures: readonly Figure[], workload: string): string {
  const results = resultsOf(figures, workload);
  const known = columns.find(([start]) => workload.startsWith(start))?.[1] ?? plainColumns(results);
  const used = known.filter(([, value]) => [...results.values()].flat().some((result) => value(result) !== undefined));
  const rows = [...results].map(([peer, of]) => [peer, ...used.map(([, value]) => spread(of.map(value)))]);
  const failed = figures.filter((figure) => figure.workload === workload && figure.error !== undefined);
  return [
    `### ${workload}`,
    '',
    `| | ${used.map(([title]) => title).join(' | ')} |`,
    `|---|${used.map(() => '---:|').join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    ...failed.map(({ peer, error }) => `\n${peer} failed: ${error}`),
    '',
  ].join('\n');
}

/** Numbers of a result that has no columns of its own. */
function plainColumns(results: ReadonlyMap<string, readonly Result[]>): Column[] {
  const [first] = [...results.values()].flat();
  return Object.keys(flat(first ?? {})).map((name) => [name, (result) => flat(result)[name]]);
}

function flat(result: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(result).flatMap(([name, value]: [string, unknown]) => {
      if (Array.isArray(value) && value.some((one) => typeof one === 'object')) return [];
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        return Object.entries(flat(value, `${prefix}${name} `));
      return [[`${prefix}${name}`, value]];
    }),
  );
}

function spread(values: readonly unknown[]): string {
  const numbers = values.flat().filter((value) => typeof value === 'number');
  if (numbers.length === 0) return '';
  const middle = rounded(median(numbers));
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? format(middle) : `**${format(middle)}** (${format(rounded(least))}–${format(rounded(most))})`;
}

function format(value: number): string {
  return value >= 10_000 ? `${rounded(value / 1_000)}k` : String(value);
}
