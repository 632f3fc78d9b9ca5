// `npm run bench`: the product's own path beside what one would use instead. Ends with 0, with 1 when a measurement failed, with 2 when it was
// asked for something it does not know. What was measured before Ctrl-C is kept.
import { appendFile, mkdir } from 'node:fs/promises';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseOptions } from './options.ts';
import { plan } from './plan.ts';
import { resultTables } from './report/result-tables.ts';
import { type Figure, readFigures } from './report/figure.ts';
import { writeReport } from './report/write-report.ts';
import { findPython } from './servers/find-python.ts';
import { findRedis } from './servers/start-redis.ts';

const root = join(import.meta.dirname, '../../..');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.report !== undefined) await writeReport(options.report);
  else process.exitCode = await measure(options);
} catch (error) {
  print(messageOf(error));
  process.exitCode = error instanceof Error && error.cause !== undefined ? 2 : 1;
}
process.exit();

async function measure(options: ReturnType<typeof parseOptions>): Promise<number> {
  const hasRedis = findRedis(process.env) !== undefined;
  if (!hasRedis) print('There is no redis-server: BullMQ is left out.');
  const hasPython = await isPythonThere();
  const folder =
    options.results ??
    (options.isQuick ? undefined : join(root, 'infra/bench/results', new Date().toISOString().slice(0, 10)));
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const measurements = plan({ options, root, env: process.env, hasRedis, hasPython });
  const startedAt = performance.now();
  const figures: Figure[] = [];
  for (const [index, { workload, peer, measure }] of measurements.entries()) {
    print(`${clock(performance.now() - startedAt)}  ${index + 1}/${measurements.length}  ${workload}: ${peer}`);
    const [load = 0] = loadavg();
    const begun = { at: new Date().toISOString(), workload, peer, load: Number(load.toFixed(2)) };
    const figure: Figure = await measure().then(
      (result) => ({ ...begun, result }) as Figure, // Each workload's own, told apart by its name.
      (error: unknown) => ({ ...begun, error: messageOf(error) }),
    );
    if (figure.error !== undefined) print(`       failed: ${figure.error}`);
    figures.push(figure);
    if (folder !== undefined) await appendFile(join(folder, 'figures.jsonl'), `${JSON.stringify(figure)}\n`);
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()}, Node ${process.version}`;
  print(`\n${machine}\n\n${resultTables(figures)}`);
  if (folder !== undefined) {
    await appendFile(join(folder, 'figures.jsonl'), `${JSON.stringify({ machine })}\n`);
    await writeReport(folder);
    print(`The report: ${join(folder, 'README.md')}`);
    await readFigures(folder); // What was written can be read.
  }
  return figures.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function isPythonThere(): Promise<boolean> {
  try {
    await findPython(process.env, print);
    return true;
  } catch (error) {
    print(`Procrastinate is left out: ${messageOf(error)}`);
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
