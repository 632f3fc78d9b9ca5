import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { processInfo } from '../process/process-info.ts';

/** Who listens on a TCP port, as `pid 123 (node server.js)`; undefined when the system won't say, as for other users' processes. */
export async function portHolder(port: number): Promise<string | undefined> {
  const pid = process.platform === 'linux' ? await pidFromProc(port) : await pidFromLsof(port);
  if (pid === undefined) return undefined;
  const info = await processInfo(pid);
  return info === undefined ? `pid ${pid}` : `pid ${pid} (${info.command.slice(0, 120)})`;
}

/** The inodes of the sockets that listen on a port, from the text of /proc/net/tcp or tcp6 (proc_net(5)). */
export function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const isListening = state === '0A';
    return isListening && local?.endsWith(`:${hexPort}`) && inode !== undefined ? [inode] : [];
  });
}

async function pidFromProc(port: number): Promise<number | undefined> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(async (name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const sockets = new Set(tables.flatMap((table) => listeningInodes(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const holds = await Promise.all(pids.map(async (pid) => holdsOneOf(sockets, pid)));
  const index = holds.indexOf(true);
  return index === -1 ? undefined : Number(pids[index]);
}

async function holdsOneOf(sockets: ReadonlySet<string>, pid: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map(async (name) => readlink(`${folder}/${name}`).catch(() => '')));
  return targets.some((target) => sockets.has(target));
}

async function pidFromLsof(port: number): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']);
    const pid = Number.parseInt(stdout, 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined; // lsof fails when it finds nobody, or is not there.
  }
}
