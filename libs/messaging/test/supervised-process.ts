import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ProcessArgument } from './handler-process.ts';

export interface Supervised extends AsyncDisposable {
  /** What its handlers did, over all its lives. */
  readonly handled: readonly number[];
  /** How often it died. */
  deaths(): number;
}

/** Runs a subscription in a process of its own, and starts it again whenever it dies, as a supervisor would. */
export function superviseHandlers(argument: ProcessArgument): Supervised {
  const handled: number[] = [];
  const stopping = new AbortController();
  let deaths = 0;
  const live = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'handler-process.ts'), JSON.stringify(argument)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      const kill = (): void => void child.kill('SIGKILL');
      stopping.signal.addEventListener('abort', kill, { once: true });
      child.stdout.on('data', (chunk: Buffer) => handled.push(...chunk.toString().trim().split('\n').map(Number)));
      await once(child, 'close');
      stopping.signal.removeEventListener('abort', kill);
      deaths++;
    }
  };
  const living = live();
  return {
    handled,
    deaths: () => deaths,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await living;
    },
  };
}
