import { join } from 'node:path';
import { allPromises, findGaps } from '../promises/all-promises.ts';
import { runTests } from '../promises/run-tests.ts';
import { readResults } from '../report/read-results.ts';
import { writeFaultTable } from '../report/write-fault-table.ts';
import type { CommandContext } from './command.ts';

/** Runs the tests that promises rest on, and writes the table of all promises. @returns the exit code */
export async function writeTable({ root, env, startedAt, print }: CommandContext): Promise<number> {
  const gaps = await findGaps(root);
  for (const gap of gaps) print(gap);
  if (gaps.length > 0) return 1;
  const files = new Set(
    allPromises.flatMap(({ proofs }) => proofs.flatMap((one) => ('test' in one ? [one.test] : []))),
  );
  const tests = await runTests({ root, env, files: [...files], print });
  const folder = join(root, 'infra/chaos/results');
  const { open } = await writeFaultTable(folder, { results: await readResults(folder), tests, date: startedAt });
  print(`\nThe table: ${join(folder, 'README.md')}`);
  for (const text of open) print(`  not shown: ${text}`);
  return open.length === 0 ? 0 : 1;
}
