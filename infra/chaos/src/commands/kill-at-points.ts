import { verdictTable } from '@postrider/audit';
import { runKillPoints } from '../kill-points/run-kill-points.ts';
import type { Options } from '../options.ts';
import { writeKillPointReport } from '../report/write-kill-point-report.ts';
import { clock, type CommandContext, inResults, openWorkplace } from './command.ts';

/** Kills so many times at each named point. @returns the exit code */
export async function killAtPoints(context: CommandContext, options: Options, times: number): Promise<number> {
  const { print, signal, startedAt } = context;
  const workplace = await openWorkplace(context);
  const begun = performance.now();
  const { points, isWhole } = options;
  print(`Killing ${times} times at each of ${points.length} points …`);
  const result = await runKillPoints({
    ...workplace.surroundings,
    nodes: 1,
    quick: { leaseMs: 1_500, ackWaitMs: 2_000, duplicateWindowMs: 100 },
    points,
    times,
    onProgress: (text) => print(`${clock(begun)}  ${text}`),
    signal,
  });
  print(`\n${verdictTable(result.verdict)}\nDuplicates absorbed by the ledger: ${result.absorbed}`);
  const report = options.report ?? (isWhole ? inResults(context, 'kill-points') : undefined);
  if (report !== undefined) {
    await writeKillPointReport(report, result, startedAt);
    print(`\nThe report: ${report}`);
  }
  await workplace.leave(options.keep || !result.isClean);
  return result.isClean ? 0 : 1;
}
