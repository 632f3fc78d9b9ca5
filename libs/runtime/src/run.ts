import closeWithGrace from 'close-with-grace';
import { ConfigError } from './config.ts';
import { createLogger } from './logger.ts';

/** What a supervisor must wait for at least before it kills: the services stop within it or are cut short. */
const graceMs = 8_000;

/**
 * Runs a service until it is told to stop: SIGTERM, SIGINT, or the end of the IPC channel its supervisor started it with (so that
 * a supervisor that is killed takes its services along). Stopping is leaving the scope: the service is disposed, which
 * drains what it holds; what takes longer than 8 s is cut off with exit code 1. An error nobody caught ends the process
 * the same way: a supervisor starts a clean one. A configuration that can't be used is explained on standard error, exit
 * code 78 (EX_CONFIG).
 */
export function run(name: string, start: () => Promise<AsyncDisposable>): void {
  const log = createLogger({ name });
  const starting = Promise.try(start);
  const closer = closeWithGrace({ delay: graceMs, logger: false }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'stopping after an error that nobody caught');
    else log.info({ signal: signal ?? 'disconnect' }, 'stopping');
    const service = await starting.catch(() => undefined);
    await service?.[Symbol.asyncDispose]();
    log.info('stopped');
  });
  if (process.connected) process.once('disconnect', () => closer.close());
  starting.catch((error: unknown) => {
    if (error instanceof ConfigError) process.stderr.write(`${name}: ${error.message}\n`);
    else log.fatal({ err: error }, 'could not start');
    process.exit(error instanceof ConfigError ? 78 : 1);
  });
}
