import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { verdictTable } from '@postrider/audit';
import type { Options } from '../options.ts';
import type { ChaosResult } from '../run-chaos.ts';
import { type LatencyPoint, latencyCurve } from './latency-curve.ts';

/** Writes what happened, for people, and its figures beside it as JSON. Neither names the machine, its paths or its people. */
export async function writeReport(path: string, options: Options, result: ChaosResult, date: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const curve = latencyCurve(result.facts, Math.max(10, Math.round(result.lastedMs / 1_000 / 40)));
  await writeFile(path, markdown(options, result, date, curve));
  const { facts: _, ...figures } = result;
  const raw = {
    kind: 'everything',
    date: date.toISOString(),
    minutes: options.minutes,
    nodes: options.nodes,
    ...figures,
    latency: curve,
  };
  await writeFile(path.replace(/\.md$/, '.json'), `${JSON.stringify(raw, undefined, 1)}\n`);
}

function markdown(options: Options, result: ChaosResult, date: Date, curve: readonly LatencyPoint[]): string {
  const { verdict, brokenPromises, settled } = result;
  const unexplained = verdict.unexplained.length + brokenPromises.length;
  const broken = brokenPromises.slice(0, 20).map(({ email, text }) => `- ${email} ${text}`);
  return `${[
    `# Chaos, ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `Everything was broken for ${minutes(result.lastedMs)} minutes (seed ${result.seed}) while people registered; then it was healed, and ` +
      `${settled.isQuiet ? `nothing was under way any more after ${seconds(settled.waitedMs)} s` : `after ${seconds(settled.waitedMs)} s something was still under way`}.`,
    `**Unexplained: ${unexplained}**`,
    figures(options, result),
    '## Faults',
    `A fault ran as often as it found something to break. All of them overlap, so the result is that of the run: “held” says that nothing unexplained was found.`,
    faultTable(options, result),
    '## Account',
    `\`\`\`\n${verdictTable(verdict)}\n\`\`\``,
    brokenPromises.length === 0
      ? 'People: everyone found what they had been told, and nothing twice.'
      : `People: ${brokenPromises.length} promises were broken.\n\n${broken.join('\n')}`,
    '## From commit to handler',
    'From an event’s INSERT until the ledger has its mail, by the second in which it was recorded; outages included.',
    curveTable(curve),
  ].join('\n\n')}\n`;
}

function figures({ nodes }: Options, result: ChaosResult): string {
  const { kills, verdict, outcomes } = result;
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  const byKind = Object.entries(kills).map(([kind, count]) => `${kind} ${count}`);
  const { mails, streams, consumers } = verdict;
  const rows: [string, string | number][] = [
    [
      'processes',
      `2 user, 2 email, ${nodes} nats-server, 1 PostgreSQL, 1 mail server; ${availableParallelism()} cores`,
    ],
    ['kills', `${total} (${byKind.join(', ')})`],
    ['accounts', result.registered],
    ['operations', `${outcomes.ok} ok, ${outcomes.lost} refused, ${outcomes.unknown} of unknown outcome`],
    ['events committed', streams.reduce((sum, { committed }) => sum + committed, 0)],
    ['mails owed', mails?.owed ?? 0],
    ['mails sent', mails?.sent ?? 0],
    ['duplicates absorbed by the ledger', result.absorbed],
    ['redeliveries', consumers.reduce((sum, { redeliveries }) => sum + redeliveries, 0)],
    ['duplicates in streams', streams.reduce((sum, { duplicates }) => sum + duplicates, 0)],
    ['ambiguous attempts', mails?.ambiguousAttempts ?? 0],
    ['mails that ended ambiguous', mails?.ambiguous ?? 0],
    ['extra copies taken', mails?.extraCopies ?? 0],
  ];
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function faultTable({ faults }: Options, { injections, isClean }: ChaosResult): string {
  const rows = faults.map(({ name, part, promise }) => {
    const runs = injections.filter(({ fault, hit }) => hit && fault === name).length;
    const result = runs === 0 ? 'not run' : isClean ? 'held' : 'see above';
    return `| ${part} | ${name} | ${promise} | ${runs} | ${result} |`;
  });
  return ['| part | fault | promise | runs | result |', '|---|---|---|---|---|', ...rows].join('\n');
}

function curveTable(curve: readonly LatencyPoint[]): string {
  const rows = curve.map(({ at, mails, p50, p99 }) => `| ${at} | ${mails} | ${p50} | ${p99} |`);
  return ['| second | mails | p50 ms | p99 ms |', '|---|---|---|---|', ...rows].join('\n');
}

function minutes(ms: number): string {
  return (ms / 60_000).toFixed(1);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(0);
}
