import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { startReaper } from './reaper.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that runs. Disposing stops it in order and waits until it is gone; `exited` never rejects. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
}

export interface ServerProcess extends RunningServer {
  /** The last lines it wrote, for the message that says why it died. */
  tail(): string;
}

/** What a supervisor wants to know of every server it starts, whatever the server is. */
export interface ServerHooks {
  readonly onLine?: ((line: string) => void) | undefined;
  /** Awaited before anything else happens: a pid that is not written down can't be cleared away after a crash. */
  readonly onSpawn?: ((pid: number) => Promise<void>) | undefined;
  /** Gives up a start that is under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface ServerProcessOptions extends ServerHooks {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** The user to run as, for servers that refuse to run as root. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** `ipc`: a Node process of ours, which stops when the channel to us closes. `reaper`: anything else. */
  readonly diesWithUs: 'ipc' | 'reaper';
  /** Signals to stop it by, each tried for its time; SIGKILL is added. */
  readonly stopBy: readonly { readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGQUIT'; readonly graceMs: number }[];
  /** A folder that must not outlive a killed owner. */
  readonly folder?: string | undefined;
}

/** Spawns, without waiting until the server is ready. Throws when the command can't be run at all. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { command, args, env, cwd = '/', account = {}, diesWithUs } = options;
  const stdio =
    diesWithUs === 'ipc' ? (['ignore', 'pipe', 'pipe', 'ipc'] as const) : (['ignore', 'pipe', 'pipe'] as const);
  // In a session of its own: Ctrl-C goes to the whole process group, and must not stop the servers in an order of its own.
  const child = spawn(command, args, { ...account, cwd, env, stdio: [...stdio], detached: true });
  const exited = exitOf(child);
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} has no pid although it was spawned.`);
  // Without a listener an error of the channel, as when the child was killed, would end this process.
  child.on('error', () => undefined);
  const tail = keepTail(child, options.onLine);
  const bond = diesWithUs === 'ipc' ? killAtExit(child) : startReaper({ pid, ...reaping(options) });
  void exited.then(() => bond[Symbol.dispose]());
  await using starting = new AsyncDisposableStack();
  starting.defer(async () => stop(child, exited, options.stopBy));
  await options.onSpawn?.(pid);
  const running = starting.move();
  return { pid, exited, tail, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}

/** Its end, with what it wrote last read; but not waiting for children that outlive it and hold its output open. */
async function exitOf(child: ChildProcess): Promise<Exit> {
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const exit = await new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await settlesWithin(closed, 250);
  return exit;
}

async function stop(child: ChildProcess, exited: Promise<Exit>, stopBy: ServerProcessOptions['stopBy']): Promise<void> {
  for (const { signal, graceMs } of stopBy) {
    child.kill(signal);
    if (await settlesWithin(exited, graceMs)) return;
  }
  child.kill('SIGKILL');
  await exited;
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function keepTail(child: ChildProcess, onLine: ServerProcessOptions['onLine']): () => string {
  const lines: string[] = [];
  const take = (line: string): void => {
    lines.push(line);
    if (lines.length > 20) lines.shift();
    onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) readLines(stream, take);
  return () => lines.join('\n');
}

function readLines(stream: Readable | null, take: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', take);
}

/** A Node process of ours stops by itself when the channel closes, in its own time; when we end at once, so does it. */
function killAtExit(child: ChildProcess): Disposable {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return { [Symbol.dispose]: () => void process.off('exit', kill) };
}

function reaping({ stopBy, folder }: ServerProcessOptions): {
  signal: 'SIGINT' | 'SIGTERM';
  folder: string | undefined;
} {
  return { signal: stopBy[0]?.signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM', folder };
}
