import { type ChildProcess, spawn } from 'node:child_process';

/**
 * `npm run check`: format, lint, types, configuration reference, manifests, contracts and unit tests side by side, in under ten seconds. Each prints its verdict when it is done;
 * what a failing one said follows at the end.
 */
const checks = [
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'] },
  { name: 'lint', command: ['node_modules/oxlint/bin/oxlint', '--type-aware'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.base.json'] },
  { name: 'configuration reference', command: ['infra/config-reference/src/main.ts', '--check'] },
  { name: 'manifests', command: ['infra/ops/src/ops.ts', 'topology', 'render', '--check'] },
  { name: 'contracts', command: ['infra/catalogue/src/main.ts', '--check'] },
  {
    name: 'unit tests',
    command: [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      'infra/vitest.config.ts',
      '--project',
      'unit',
      ...process.argv.slice(2),
    ],
  },
];

const results = await Promise.all(
  checks.map(async ({ name, command }) => {
    const started = performance.now();
    const { code, output } = await finished(
      spawn(process.execPath, command, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, FORCE_COLOR: '0' },
      }),
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
    return { name, code, output };
  }),
);

for (const { name, code, output } of results) {
  if (code !== 0 || name === 'unit tests')
    console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}\n${output.trim()}`);
}
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;

async function finished(child: ChildProcess): Promise<{ code: number; output: string }> {
  const parts: string[] = [];
  child.stdout?.on('data', (chunk) => parts.push(String(chunk)));
  child.stderr?.on('data', (chunk) => parts.push(String(chunk)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? 1, output: parts.join('') })));
}
