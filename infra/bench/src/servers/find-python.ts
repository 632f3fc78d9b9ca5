import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { natsServerLookup } from '@postrider/local';

const run = promisify(execFile);
const requirements = join(import.meta.dirname, '../peers/procrastinate/requirements.txt');
const oldestPython = '3.10';

/**
 * A Python that has procrastinate: PROCRASTINATE_PYTHON, or one of a virtual environment in the cache, which is made of the PATH's `python3` and
 * requirements.txt when it is not there yet.
 *
 * @throws a sentence when there is none to be had
 */
export async function findPython(env: NodeJS.ProcessEnv, note?: (text: string) => void): Promise<string> {
  return (found ??= find(env, note)); // Asking takes a Python's start.
}

let found: Promise<string> | undefined;

async function find(env: NodeJS.ProcessEnv, note?: (text: string) => void): Promise<string> {
  const named = env['PROCRASTINATE_PYTHON'] || undefined;
  if (named !== undefined) {
    await hasProcrastinate(named).catch(fail(`PROCRASTINATE_PYTHON names ${named}, which can't be used`));
    return named;
  }
  const { cacheDir } = natsServerLookup(env);
  const folder = environmentFolder(cacheDir, await readFile(requirements, 'utf8'));
  const python = join(folder, 'bin/python');
  const isThere = await hasProcrastinate(python).then(
    () => true,
    () => false,
  );
  if (isThere) return python;
  note?.('Installing procrastinate into the cache.');
  await install(folder).catch(fail('its packages can’t be installed'));
  return python;
}

/** Of other requirements another one, so that it never holds what it should not. */
export function environmentFolder(cacheDir: string, requirements: string): string {
  return join(cacheDir, 'procrastinate', createHash('sha256').update(requirements).digest('hex').slice(0, 12));
}

/** Made beside its place and renamed (`bin/python` finds its packages from where it stands), so that nobody ever finds half of it. */
async function install(folder: string): Promise<void> {
  const isNewEnough = `import sys; sys.exit("python3 is older than ${oldestPython}" if sys.version_info < (${oldestPython.replace('.', ', ')}) else 0)`;
  await run('python3', ['-c', isNewEnough]);
  await mkdir(join(folder, '..'), { recursive: true });
  const made = await mkdtemp(join(folder, '../.fetching-'));
  try {
    await run('python3', ['-m', 'venv', made]);
    const python = join(made, 'bin/python');
    const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries', '1'];
    await run(python, ['-m', 'pip', 'install', ...options, '--requirement', requirements]);
    await hasProcrastinate(python);
    await rm(folder, { recursive: true, force: true }); // One that works no more: its python3 has gone.
    await rename(made, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function hasProcrastinate(python: string): Promise<void> {
  await run(python, ['-c', 'import procrastinate, psycopg, psycopg_pool']);
}

/** The last line of what the command wrote says why, without the command. */
function fail(what: string): (cause: unknown) => never {
  return (cause) => {
    const { message, stderr, stdout } = cause as Error & { stderr?: string; stdout?: string }; // As execFile rejects.
    const [why = message] = [stderr, stdout].flatMap((text) => text?.trim().split('\n').at(-1) || []);
    throw new Error(`${what}: ${why}`, { cause });
  };
}
