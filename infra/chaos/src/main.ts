// `npm run chaos`: breaks everything for a while, then counts. Ends with 0 when nothing is unexplained, with 1 when something is or is still
// under way, with 2 when it was asked for something it does not know. Ctrl-C ends the breaking; what was begun is healed and counted.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdictTable } from '@postrider/audit';
import { natsServerLookup } from '@postrider/local';
import { ledgerPoints } from './kill-points/ledger-points.ts';
import { outboxPoints } from './kill-points/outbox-points.ts';
import { runKillPoints } from './kill-points/run-kill-points.ts';
import { type Options, parseOptions } from './options.ts';
import { writeKillPointReport } from './report/write-kill-point-report.ts';
import { writeReport } from './report/write-report.ts';
import { type ChaosResult, type Progress, runChaos } from './run-chaos.ts';

const root = join(import.meta.dirname, '../../..');
const startedAt = new Date();
const stop = new AbortController();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
// A second wish ends everything at once: reapers and closed channels end what we leave.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort(new Error(signal))));

try {
  const options = parseOptions(process.argv.slice(2), startedAt);
  process.exitCode = await (options.killPoints === undefined
    ? breakAndCount(options)
    : killAtPoints(options, options.killPoints));
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof Error && error.cause !== undefined ? 2 : 1;
}
process.exit();

async function breakAndCount(options: Options): Promise<number> {
  const dataDir = await makeDataDir();
  print(`Breaking everything for ${options.minutes} minutes, seed ${options.seed}. Starting it first …`);
  const result = await runChaos({
    root,
    dataDir,
    env: process.env,
    natsServer: natsServerLookup(process.env),
    nodes: options.nodes,
    faults: options.faults,
    seed: options.seed,
    lastsMs: options.minutes * 60_000,
    accounts: options.accounts,
    kills: options.faults.some(({ kind }) => kind === 'kill') ? options.kills : 0,
    lastingEveryMs: 6_000,
    settleWithinMs: 600_000,
    onProgress: progressLines(5_000),
    onTrouble: (text) => print(`  ! ${text}`),
    signal: stop.signal,
  });
  conclude(result);
  const report = reportPath(options);
  if (report !== undefined) {
    await writeReport(report, options, result, startedAt);
    print(`\nThe report: ${report}`);
  }
  await tidyUp(dataDir, options.keep || !result.isClean);
  return result.isClean ? 0 : 1;
}

async function killAtPoints(options: Options, times: number): Promise<number> {
  const dataDir = await makeDataDir();
  const points = [...outboxPoints, ...ledgerPoints];
  print(`Killing ${times} times at each of ${points.length} points …`);
  const result = await runKillPoints({
    root,
    dataDir,
    env: process.env,
    natsServer: natsServerLookup(process.env),
    nodes: 1,
    quick: { leaseMs: 1_500, ackWaitMs: 2_000, duplicateWindowMs: 100 },
    points,
    times,
    onProgress: print,
    onTrouble: (text) => print(`  ! ${text}`),
    signal: stop.signal,
  });
  print(`\n${verdictTable(result.verdict)}\nDuplicates absorbed by the ledger: ${result.absorbed}`);
  const report =
    options.report ?? join(root, 'infra/chaos/results', `${startedAt.toISOString().slice(0, 10)}-kill-points.md`);
  await writeKillPointReport(report, result, startedAt);
  print(`\nThe report: ${report}`);
  await tidyUp(dataDir, options.keep || !result.isClean);
  return result.isClean ? 0 : 1;
}

async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-chaos-'));
  // As root PostgreSQL runs as another account, which must be able to pass.
  await chmod(dataDir, 0o711);
  return dataDir;
}

async function tidyUp(dataDir: string, keep: boolean): Promise<void> {
  if (keep) print(`Logs and data: ${dataDir}`);
  else await rm(dataDir, { recursive: true, force: true });
}

function reportPath({ report, isWhole }: Options): string | undefined {
  if (report !== undefined) return report;
  return isWhole ? join(root, 'infra/chaos/results', `${startedAt.toISOString().slice(0, 10)}.md`) : undefined;
}

function conclude({ verdict, brokenPromises, absorbed, settled }: ChaosResult): void {
  print(`\n${verdictTable(verdict)}`);
  print(`Duplicates absorbed by the ledger: ${absorbed}`);
  print(`Broken promises to people: ${brokenPromises.length}`);
  for (const { email, text } of brokenPromises.slice(0, 20)) print(`  ${email} ${text}`);
  if (!settled.isQuiet)
    print(`Still under way after ${settled.waitedMs / 1_000} s: ${JSON.stringify(settled.unfinished)}`);
}

/** A line now and then, and whenever the phase changes from breaking to another. */
function progressLines(everyMs: number): (progress: Progress) => void {
  const begun = performance.now();
  let toldAt = -everyMs;
  return ({ phase, registered, mails, kills, active }) => {
    const now = performance.now();
    if (now - toldAt < everyMs) return;
    toldAt = now;
    const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
    const faults = active.length === 0 ? '' : `  ${active.join(', ')}`;
    print(`${clock(now - begun)}  ${phase}  ${registered} accounts, ${mails} mails, ${total} kills${faults}`);
  };
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
