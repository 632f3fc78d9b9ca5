import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What tells a process from a later one with the same pid: when it started, and what it runs. */
export interface ProcessInfo {
  readonly startedAt: string;
  readonly command: string;
}

/** The living process with this pid, or undefined. A zombie counts as dead: it holds no port, no file and no lock. */
export async function processInfo(pid: number): Promise<ProcessInfo | undefined> {
  try {
    return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  } catch {
    return undefined; // Gone, or gone while we looked.
  }
}

/** Whether a process has this pid, as the kernel sees it: true for zombies, and for those of other users. */
export function isPidTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // kill throws nothing but system errors
  }
}

async function fromProc(pid: number): Promise<ProcessInfo | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The command stands in parentheses and may contain anything: the fields are counted from behind it (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === 'Z' || startTicks === undefined) return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  return { startedAt: `${boot.trim()}/${startTicks}`, command: command.replaceAll('\0', ' ').trim() };
}

async function fromPs(pid: number): Promise<ProcessInfo | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=,lstart=,command=', '-p', String(pid)]);
  const match = /^(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(stdout.trim());
  const [, state, startedAt, command] = match ?? [];
  if (!state || state.startsWith('Z') || !startedAt || !command) return undefined;
  return { startedAt, command };
}
