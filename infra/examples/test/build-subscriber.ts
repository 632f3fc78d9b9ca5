import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '..');
const longestMs = 240_000;

/** How to start a subscriber, or why it can't be had here. */
export type Built =
  | { readonly command: readonly string[]; readonly env: Record<string, string> }
  | { readonly missing: string };

/** Compiles the Go example into the folder. */
export async function buildGo(folder: string): Promise<Built> {
  if (!(await works('go', 'version'))) return { missing: 'Go is not installed' };
  const options = { cwd: join(examples, 'go'), timeout: longestMs };
  // What can't be fetched is no fault of ours; what does not compile is.
  const fetched = await run('go', ['mod', 'download'], options).then(
    () => true,
    () => false,
  );
  if (!fetched) return { missing: 'the Go modules can not be fetched' };
  const binary = join(folder, 'subscriber');
  await run('go', ['build', '-o', binary, '.'], options);
  return { command: [binary], env: {} };
}

/** Installs what the Python example needs into the folder. */
export async function preparePython(folder: string): Promise<Built> {
  if (!(await works('python3', '-m', 'pip', '--version'))) return { missing: 'Python with pip is not installed' };
  const packages = join(folder, 'packages');
  const requirements = join(examples, 'python/requirements.txt');
  const install = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--target',
    packages,
    '-r',
    requirements,
  ];
  const fetched = await run('python3', install, { timeout: longestMs }).then(
    () => true,
    () => false,
  );
  if (!fetched) return { missing: 'nats-py can not be fetched' };
  return {
    command: ['python3', '-u', join(examples, 'python/subscriber.py')],
    env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  };
}

async function works(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args, { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}
