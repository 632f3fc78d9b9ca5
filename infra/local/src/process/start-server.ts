import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';

export interface ServerOptions extends ServerProcessOptions {
  /** For messages: `nats-server on port 4222`. */
  readonly title: string;
  /** Never throws: a server that does not answer yet is not ready. `signal` says that nobody waits for the answer any more. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  readonly readyWithinMs: number;
}

/** The server ended, or was late, before it was ready; it does not run. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
  /** The last lines it wrote. */
  readonly output: string;

  constructor(title: string, output: string) {
    super(`${title} did not start. ${output === '' ? 'It wrote nothing.' : `It wrote:\n${output}`}`);
    this.output = output;
  }
}

/**
 * Spawns a server and resolves when it is ready. Whatever goes wrong, nothing is left running.
 *
 * @throws {ServerStartError} when it ends or is late; what `signal` aborts with, when it does
 */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startServerProcess(options));
  if (!(await becomesReady(server, options))) {
    await server[Symbol.asyncDispose]();
    throw new ServerStartError(options.title, server.tail());
  }
  starting.move();
  return server;
}

/** Whether a GET is answered with a success soon. */
export async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function becomesReady(server: ServerProcess, options: ServerOptions): Promise<boolean> {
  const { isReady, readyWithinMs, signal } = options;
  const ended = new AbortController();
  void server.exited.then(() => ended.abort());
  const stops = [ended.signal, AbortSignal.timeout(readyWithinMs), ...(signal === undefined ? [] : [signal])];
  const enough = AbortSignal.any(stops);
  while (!enough.aborted) {
    // What answered may be another server on the same port, while ours could not have it and ended.
    if ((await isReady(enough)) && !enough.aborted) return true;
    await sleep(25);
  }
  signal?.throwIfAborted();
  return false;
}
