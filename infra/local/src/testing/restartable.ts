import type { RunningServer } from '../process/server-process.ts';

/** A server whose outages a test decides. Its ports and data stay the same throughout. */
export interface Restartable {
  /** SIGKILL, as by a power failure; resolves when it is gone. */
  kill(): Promise<void>;
  /** An orderly stop. */
  stop(): Promise<void>;
  /** Starts it again after `kill` or `stop`; resolves when it answers. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP: its connections stay open, and nothing is answered. End it with `goOn` before anything else. */
  hang(): Promise<void>;
  /** SIGCONT. */
  goOn(): Promise<void>;
}

/** Starts a server and lets a test stop and start it again. Disposing stops it for good, if it runs. */
export async function startRestartable(start: () => Promise<RunningServer>): Promise<Restartable & AsyncDisposable> {
  let running: RunningServer | undefined = await start();
  const stop = async (): Promise<void> => {
    await running?.[Symbol.asyncDispose]();
    running = undefined;
  };
  const startAgain = async (): Promise<void> => {
    running ??= await start();
  };
  return {
    stop,
    start: startAgain,
    kill: async () => {
      if (running === undefined) return;
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
      running = undefined;
    },
    restart: async () => {
      await stop();
      await startAgain();
    },
    hang: async () => void (running && process.kill(running.pid, 'SIGSTOP')),
    goOn: async () => void (running && process.kill(running.pid, 'SIGCONT')),
    [Symbol.asyncDispose]: stop,
  };
}
