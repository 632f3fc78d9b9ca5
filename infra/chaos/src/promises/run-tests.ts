import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What came of the tests that were run, by file and name. */
export interface TestResults {
  /** A name with `%s` or the like in it stands for all the tests that were made of it. */
  outcomeOf(file: string, name: string): { readonly runs: number; readonly passed: number };
}

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ title: z.string(), status: z.string() })),
    }),
  ),
});

export interface RunTestsOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly files: readonly string[];
  readonly print: (line: string) => void;
}

/** Runs these test files as `npm test` does. What fails is in the results, and no error. */
export async function runTests({ root, env, files, print }: RunTestsOptions): Promise<TestResults> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-proofs-'));
  const output = join(folder, 'tests.json');
  try {
    const args = [
      'run',
      '--config',
      'infra/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${output}`,
    ];
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args, ...files], { cwd: root, env });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => print(chunk.toString().trimEnd()));
    await new Promise((resolve) => child.on('close', resolve));
    const { testResults } = report.parse(JSON.parse(await readFile(output, 'utf8')));
    return {
      outcomeOf(file, name) {
        const tests = testResults.filter((one) => one.name.endsWith(file)).flatMap((one) => one.assertionResults);
        const fits = patternOf(name);
        const ours = tests.filter(
          ({ title, status }) => fits.test(title) && status !== 'skipped' && status !== 'pending',
        );
        return { runs: ours.length, passed: ours.filter(({ status }) => status === 'passed').length };
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `test.each` makes of a name. */
export function patternOf(name: string): RegExp {
  const parts = name.split(/%[a-z]|\$\w+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}
