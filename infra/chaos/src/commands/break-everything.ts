import { verdictTable } from '@postrider/audit';
import type { Options } from '../options.ts';
import { writeReport } from '../report/write-report.ts';
import { type ChaosResult, type Progress, runChaos } from '../run-chaos.ts';
import { clock, type CommandContext, inResults, openWorkplace } from './command.ts';

/** Breaks everything for a while, then counts. @returns the exit code */
export async function breakEverything(context: CommandContext, options: Options): Promise<number> {
  const { print, signal, startedAt } = context;
  const workplace = await openWorkplace(context);
  const { minutes, seed, faults, nodes, accounts, kills } = options;
  print(`Breaking everything for ${minutes} minutes, seed ${seed}. Starting it first …`);
  const result = await runChaos({
    ...workplace.surroundings,
    nodes,
    faults,
    seed,
    lastsMs: minutes * 60_000,
    accounts,
    kills: faults.some(({ kind }) => kind === 'kill') ? kills : 0,
    lastingEveryMs: 6_000,
    settleWithinMs: 900_000,
    onProgress: progressLines(print, 5_000),
    signal,
  });
  conclude(print, result);
  const report = options.report ?? (options.isWhole ? inResults(context, nameOf(nodes)) : undefined);
  if (report !== undefined) {
    await writeReport(report, options, result, startedAt);
    print(`\nThe report: ${report}`);
  }
  await workplace.leave(options.keep || !result.isClean);
  return result.isClean ? 0 : 1;
}

function nameOf(nodes: number): string {
  return nodes === 1 ? 'everything' : `everything-${nodes}-nodes`;
}

function conclude(print: (line: string) => void, { verdict, brokenPromises, absorbed, settled }: ChaosResult): void {
  print(`\n${verdictTable(verdict)}`);
  print(`Duplicates absorbed by the ledger: ${absorbed}`);
  print(`Broken promises to people: ${brokenPromises.length}`);
  for (const { email, text } of brokenPromises.slice(0, 20)) print(`  ${email} ${text}`);
  if (!settled.isQuiet)
    print(`Still under way after ${settled.waitedMs / 1_000} s: ${JSON.stringify(settled.unfinished)}`);
}

/** A line now and then. */
function progressLines(print: (line: string) => void, everyMs: number): (progress: Progress) => void {
  const begun = performance.now();
  let toldAt = -everyMs;
  return ({ phase, registered, mails, kills, active }) => {
    const now = performance.now();
    if (now - toldAt < everyMs) return;
    toldAt = now;
    const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
    const faults = active.length === 0 ? '' : `  ${active.join(', ')}`;
    print(`${clock(begun)}  ${phase}  ${registered} accounts, ${mails} mails, ${total} kills${faults}`);
  };
}
