// `npm start`: the whole of Postrider on this machine, until Ctrl-C.
//
// The first signal stops everything in order. Ctrl-C reaches us up to three times at once, from the terminal, from npm and from
// infra/run.mjs: only a signal that comes half a second later or more is a second wish, and ends everything at once. When the launcher
// that started us was killed, we stop as well.
import { join } from 'node:path';
import { styleText } from 'node:util';
import { banner } from './console/banner.ts';
import { createProgress } from './console/progress.ts';
import { parseStackConfig } from './stack/stack-config.ts';
import { startStack } from './stack/start-stack.ts';
import { UnusableConfigError } from './stack/unusable-config-error.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const stop = new AbortController();
// The terminal may be gone before we are.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
stopOnSignals();
stopWithLauncher();

let isReady = false;
try {
  const config = parseStackConfig(process.env, join(import.meta.dirname, '../../..'));
  const startedAt = performance.now();
  const progress = createProgress(print);
  await using stack = await startStack({ config, progress, print, signal: stop.signal });
  isReady = true;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  print(`\n${banner(stack.info, config)}\n\n${styleText('dim', `(ready in ${seconds} s)`)}\n`);
  await aborted(stop.signal);
  print(`\nStopping (${String(stop.signal.reason)}) …`);
} catch (error) {
  // A start that was given up fails by that, and nobody needs to hear it.
  if (isReady || !stop.signal.aborted) {
    print(`\n${styleText('red', error instanceof Error ? error.message : String(error))}`);
    process.exitCode = error instanceof UnusableConfigError ? 78 : 1;
  }
}
if (stop.signal.aborted) print('Stopped.');
process.exit();

function stopOnSignals(): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      firstAt ??= Date.now();
      // The reapers and closed channels end what we leave.
      if (Date.now() - firstAt >= 500) process.exit(130);
      stop.abort(signal);
    });
  }
}

function stopWithLauncher(): void {
  const launcher = Number(process.env['POSTRIDER_LAUNCHER_PID']);
  if (process.ppid !== launcher) return;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    stop.abort('the launcher is gone');
  }, 500);
  timer.unref();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
