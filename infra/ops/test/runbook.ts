import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { natsCliPath } from '@postrider/local/testing';

const repository = join(import.meta.dirname, '../../..');
const runbook = readFileSync(join(repository, 'infra/README.md'), 'utf8');

/** Every recipe of infra/README.md, by its heading: what somebody would type, block by block. */
export const recipes: ReadonlyMap<string, readonly string[]> = new Map(
  runbook
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block),
    ]),
);

/**
 * The blocks of a recipe, one for each name in `steps`, in their order.
 *
 * @throws when the recipe has not as many: then its test has to follow it
 */
export function recipe<Step extends string>(title: string, ...steps: Step[]): Record<Step, string> {
  const blocks = recipes.get(title) ?? [];
  if (blocks.length !== steps.length)
    throw new Error(`"${title}" in infra/README.md has ${blocks.length} blocks, not ${steps.length}.`);
  // Each of the steps is a key.
  return Object.fromEntries(steps.map((step, index) => [step, blocks[index]])) as Record<Step, string>;
}

export interface Typed {
  readonly code: number;
  /** Of all commands, errors as well. */
  readonly output: string;
}

export interface ShellOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Where it is typed; `nats` finds no context of its user's there. */
  readonly cwd: string;
  /** The repository whose `npm run ops` it is. */
  readonly root?: string;
}

/** Types blocks into a shell that ends at the first command that fails: `npm run ops` less the launcher. */
export function openShell({ env, cwd, root = repository }: ShellOptions): (block: string) => Promise<Typed> {
  const prelude = `npm() { shift 3; "${process.execPath}" "${join(root, 'infra/ops/src/ops.ts')}" "$@"; }`;
  const path = [natsCliPath?.includes('/') ? dirname(natsCliPath) : '', process.env['PATH']];
  const options = {
    cwd,
    env: {
      ...process.env,
      POSTRIDER_DATA_DIR: '/nonexistent',
      PORT_OFFSET: '',
      NO_COLOR: '1',
      FORCE_COLOR: '0',
      NATS_TIMEOUT: '30s',
      ...env,
      XDG_CONFIG_HOME: cwd,
      PATH: path.filter(Boolean).join(delimiter),
    },
  };
  return async (block) => {
    const { promise, resolve } = Promise.withResolvers<Typed>();
    const script = `exec 2>&1; ${prelude}\n${block}`;
    const child = execFile('bash', ['-euo', 'pipefail', '-c', script], options, (_error, stdout) =>
      resolve({ code: child.exitCode ?? -1, output: stdout }),
    );
    return promise;
  };
}
