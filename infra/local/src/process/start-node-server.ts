import type { RunningServer, ServerHooks } from './server-process.ts';
import { answersOk, startServer } from './start-server.ts';

export interface NodeServerOptions extends ServerHooks {
  readonly title: string;
  /** The TypeScript or JavaScript file to run. */
  readonly script: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Answered with a success as soon as it is ready, every one of them. */
  readonly readyUrls: readonly string[];
  /** How long it may take to finish its work when it is told to stop. */
  readonly stopGraceMs: number;
}

/**
 * Starts a server of ours as a Node process of its own, on the Node that runs this. It gets an IPC channel, and is expected to stop
 * when that closes: so it never outlives us, however we end.
 */
export async function startNodeServer(options: NodeServerOptions): Promise<RunningServer> {
  const { script, readyUrls, stopGraceMs } = options;
  return startServer({
    ...options,
    command: process.execPath,
    args: [script],
    diesWithUs: 'ipc',
    stopBy: [{ signal: 'SIGTERM', graceMs: stopGraceMs }],
    isReady: async (signal) => (await Promise.all(readyUrls.map(async (url) => answersOk(url, signal)))).every(Boolean),
    readyWithinMs: 60_000,
  });
}
