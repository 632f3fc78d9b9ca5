import closeWithGrace from 'close-with-grace';
import { z } from 'zod';
import { ConfigError, variable } from './config.ts';
import { createLogger } from './logger.ts';

/** What `run` reads itself. Every service has these members in its configuration too, so that they are judged and told with the rest. */
export const runSettings = {
  LOG_LEVEL: variable.logLevel().meta({
    group: 'Process',
    description: 'The least severe log line that is written.',
    example: 'debug',
  }),
  SHUTDOWN_GRACE_SECONDS: variable.seconds(8).meta({
    description:
      'How long stopping may take; what takes longer is cut off. A supervisor must wait longer before it kills.',
    example: '25',
  }),
};

const settingsSchema = z.object(runSettings);

/**
 * Runs a service until it is told to stop: SIGTERM, SIGINT, or the end of the IPC channel its supervisor started it with (so that
 * a supervisor that is killed takes its services along). Stopping is leaving the scope: the service is disposed, which
 * drains what it holds; what takes longer than the grace is cut off with exit code 1. An error nobody caught ends the process
 * the same way: a supervisor starts a clean one. A configuration that can't be used is explained on standard error, exit
 * code 78 (EX_CONFIG).
 */
export function run(
  name: string,
  env: Record<string, string | undefined>,
  start: () => Promise<AsyncDisposable>,
): void {
  const settings = settingsSchema.safeParse(env).data ?? { SHUTDOWN_GRACE_SECONDS: 8, LOG_LEVEL: 'info' }; // `start` tells what is wrong.
  const log = createLogger({ name, level: settings.LOG_LEVEL });
  const starting = Promise.try(start);
  const delay = settings.SHUTDOWN_GRACE_SECONDS * 1_000;
  const closer = closeWithGrace({ delay, logger: false }, async ({ err, signal }) => {
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
