import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds by who used them, children included: PostgreSQL is a process for each connection. */
export type Cpu = Readonly<Record<string, number>>;

/** What `/proc/<pid>/stat` counts in: USER_HZ, 100 on every Linux. */
const ticksPerSecond = 100;

/** CPU time that the processes and their descendants have used so far, user and system, from `/proc` (Linux). */
export function readCpu(pids: Readonly<Record<string, number>>): Cpu {
  const all = new Map(
    readdirSync('/proc').flatMap((name) => {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
      return stat === undefined ? [] : [[Number(name), stat]];
    }),
  );
  const children = Map.groupBy(all.keys(), (pid) => all.get(pid)?.parent);
  const ofTree = (pid: number): number =>
    (all.get(pid)?.seconds ?? 0) + (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), 0);
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, ofTree(pid)]));
}

/** What was used between two readings, and `total`. */
export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  const used = Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)] as const);
  const total = used.reduce((sum, [, seconds]) => sum + seconds, 0);
  return Object.fromEntries(
    [...used, ['total', total]].map(([name, seconds]) => [name, Number(Number(seconds).toFixed(2))]),
  );
}

/** A process that has ended is not there: its time went to its parent. */
function readStat(pid: number): { parent: number; seconds: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may hold anything.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return { parent, seconds: ticks / ticksPerSecond };
  } catch {
    return undefined;
  }
}

/** Resident memory in MiB: `total`, of it `program` from files (Node.js itself, shared by all that run it), `own` the rest. */
export function residentMiB(pid: number): { total: number; program: number; own: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024);
  return { total: read('VmRSS'), program: read('RssFile'), own: read('RssAnon') };
}
