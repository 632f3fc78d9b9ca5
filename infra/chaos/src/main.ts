// `npm run chaos`: breaks everything for a while, then counts. Ends with 0 when nothing is unexplained, with 1 when something is or is still
// under way, with 2 when it was asked for something it does not know. Ctrl-C ends the breaking; what was begun is healed and counted.
import { join } from 'node:path';
import { breakEverything } from './commands/break-everything.ts';
import type { CommandContext } from './commands/command.ts';
import { killAtPoints } from './commands/kill-at-points.ts';
import { measureScenario } from './commands/measure-scenario.ts';
import { writeTable } from './commands/write-table.ts';
import { parseOptions } from './options.ts';

const stop = new AbortController();
const context: CommandContext = {
  root: join(import.meta.dirname, '../../..'),
  env: process.env,
  startedAt: new Date(),
  print: (line) => void process.stdout.write(`${line}\n`),
  signal: stop.signal,
};
// A second wish ends everything at once: reapers and closed channels end what we leave.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort(new Error(signal))));

try {
  process.exitCode = await begin();
} catch (error) {
  context.print(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof Error && error.cause !== undefined ? 2 : 1;
}
process.exit();

async function begin(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), context.startedAt);
  if (options.isTable) return writeTable(context);
  if (options.scenario !== undefined) return measureScenario(context, options, options.scenario);
  if (options.killPoints !== undefined) return killAtPoints(context, options, options.killPoints);
  return breakEverything(context, options);
}
