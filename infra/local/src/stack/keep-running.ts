import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { consoleLine } from '../console/console-line.ts';
import { openLogFile } from '../console/log-file.ts';
import type { Progress } from '../console/progress.ts';
import type { Secrets } from '../data-dir/secrets.ts';
import { removePidFile, writePidFile } from '../process/pid-files.ts';
import type { Exit, RunningServer, ServerHooks } from '../process/server-process.ts';
import { type Supervised, supervise, type SupervisionEvent } from '../process/supervise.ts';
import { folderOf, type StackConfig } from './stack-config.ts';
import type { ServerName } from './stack-file.ts';

/** What every part of a stack is made with. */
export interface StackContext {
  readonly config: StackConfig;
  readonly secrets: Secrets;
  readonly progress: Progress;
  /** A line for the console. */
  readonly print: (line: string) => void;
  /** Gives up the start. */
  readonly signal: AbortSignal;
  /** Called whenever a server was started again and has a new pid. */
  readonly onRestart: () => void;
}

export interface Attempt extends ServerHooks {
  readonly isRestart: boolean;
}

/** Supervises one server of the stack: its log, its pid file, what is said about it. */
export async function keepRunning<Server extends RunningServer>(
  context: StackContext,
  name: ServerName,
  start: (attempt: Attempt) => Promise<Server>,
): Promise<Supervised<Server>> {
  await using starting = new AsyncDisposableStack();
  const { config, print, signal } = context;
  const [logs, run] = [folderOf(config, 'logs'), folderOf(config, 'run')];
  await mkdir(logs, { recursive: true });
  const log = starting.use(openLogFile(join(logs, `${name}.log`)));
  starting.defer(async () => removePidFile(run, name));
  const hooks = {
    onSpawn: async (pid: number) => writePidFile(run, name, pid),
    onLine: (line: string) => {
      log.write(line);
      const shown = consoleLine(name, line);
      if (shown !== undefined) print(shown);
    },
  };
  const supervised = starting.use(
    await supervise({
      signal,
      start: async (attempt) => start({ ...hooks, ...attempt }),
      onEvent: (event) => report(context, name, event),
    }),
  );
  const running = starting.move();
  return {
    get current() {
      return supervised.current;
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

function report({ progress, onRestart }: StackContext, name: ServerName, event: SupervisionEvent): void {
  if (event.type === 'restarted') {
    progress.note(`${name} runs again, as pid ${event.pid}`);
    onRestart();
    return;
  }
  const again = `starting it again in ${(event.restartInMs / 1_000).toFixed(1)} s`;
  if (event.type === 'died') progress.warn(`${name} died (${describeExit(event.exit)}); ${again}`);
  else progress.warn(`${name} does not start; ${again}. ${event.error instanceof Error ? event.error.message : ''}`);
}

function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}
