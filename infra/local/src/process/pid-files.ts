// Which processes belong to a data dir, in files that survive everything.
//
// A pid alone proves nothing: after a crash or a reboot it may belong to a stranger. So each file keeps when its process started as
// well, and a process is ours only if both agree (processInfo). The supervisor's own file is the lock of the data dir: whoever
// can create it owns the data dir, and a file whose process is gone may be taken over.
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { writeFileAtOnce } from '../data-dir/write-file-at-once.ts';
import { processInfo } from './process-info.ts';

const schema = z.object({ pid: z.int().positive(), startedAt: z.string(), command: z.string() });
const json = z.string().transform(parseJson).pipe(schema);
type PidFile = z.infer<typeof schema>;

const lockName = 'supervisor';

/** Writes down a process of ours, in place of the one before of the same name. */
export async function writePidFile(folder: string, name: string, pid: number): Promise<void> {
  await writeFileAtOnce(pathOf(folder, name), await describe(pid));
}

export async function removePidFile(folder: string, name: string): Promise<void> {
  await rm(pathOf(folder, name), { force: true });
}

/**
 * Takes the data dir for this process; dispose gives it back.
 *
 * @throws when another living supervisor has it, naming its pid
 */
export async function lockDataDir(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const path = pathOf(folder, lockName);
  const own = `${path}.${process.pid}`;
  await writeFile(own, await describe(process.pid), { mode: 0o600 });
  try {
    while (!(await tryLink(own, path))) {
      const holder = await livingHolder(path);
      if (holder !== undefined) {
        throw new Error(
          `npm start already runs with this data dir, as pid ${holder.pid}. Stop that one (kill ${holder.pid}), ` +
            'or start another stack beside it with POSTRIDER_DATA_DIR=.data-2 PORT_OFFSET=100 npm start.',
        );
      }
      // Renamed, not removed: of two that find the same dead lock only one can.
      await rename(path, `${own}.old`).catch(() => undefined);
      await rm(`${own}.old`, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
  return { [Symbol.asyncDispose]: async () => rm(path, { force: true }) };
}

/** Ends what a killed supervisor left behind; returns the names. Only for the owner of the lock. */
export async function stopLeftovers(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).flatMap((file) => /^(\w+)\.json$/.exec(file)?.[1] ?? []);
  const others = names.filter((name) => name !== lockName);
  const stopped = await Promise.all(others.map(async (name) => stopLeftover(folder, name)));
  return others.filter((_, i) => stopped[i]);
}

async function stopLeftover(folder: string, name: string): Promise<boolean> {
  const leftover = await livingHolder(pathOf(folder, name));
  // PostgreSQL's SIGTERM waits for its clients to go; its SIGINT does not, and means the same to everyone else here.
  if (leftover !== undefined) await endProcess(leftover, ['SIGINT', 'SIGKILL']);
  await removePidFile(folder, name);
  return leftover !== undefined;
}

async function endProcess(target: PidFile, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const signal of signals) {
    sendSignal(target.pid, signal);
    const deadline = Date.now() + 5_000;
    while (Date.now() < deadline) {
      if (!(await isAlive(target))) return;
      await sleep(50);
    }
  }
  throw new Error(
    `Process ${target.pid} (${target.command.slice(0, 120)}) of an earlier start can't be ended, not even by SIGKILL.`,
  );
}

async function livingHolder(path: string): Promise<PidFile | undefined> {
  const parsed = json.safeParse(await readFile(path, 'utf8').catch(() => ''));
  if (!parsed.success || !(await isAlive(parsed.data))) return undefined;
  return parsed.data;
}

async function isAlive({ pid, startedAt }: PidFile): Promise<boolean> {
  return (await processInfo(pid))?.startedAt === startedAt;
}

async function describe(pid: number): Promise<string> {
  const info = (await processInfo(pid)) ?? { startedAt: 'never', command: '' };
  return JSON.stringify({ pid, ...info } satisfies PidFile);
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile, or not ours to signal: whether it is still there is looked at next.
  }
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
}

function pathOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}
