import { pino } from 'pino';
import { z } from 'zod';
import { startMailbox } from './start-mailbox.ts';

/** The mailbox as a process of its own. Stops on SIGTERM, SIGINT, or when the process that forked it is gone. */
const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  SMTP_PORT: z.coerce.number().int().min(0).max(65_535).default(1025),
  HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8025),
  MAILBOX_DIR: z.string().min(1).default('.data/mailbox'),
  MAILBOX_MAX_MESSAGES: z.coerce.number().int().min(1).default(10_000),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

const config = environment.safeParse(process.env);
if (!config.success) {
  process.stderr.write(`The mailbox's environment is not valid:\n${z.prettifyError(config.error)}\n`);
  process.exit(2);
}

const { HOST, SMTP_PORT, HTTP_PORT, MAILBOX_DIR, MAILBOX_MAX_MESSAGES, LOG_LEVEL } = config.data;
const log = pino({ name: 'mailbox', level: LOG_LEVEL });
const asked = new Promise<string>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  process.on('disconnect', () => resolve('disconnect'));
});

try {
  await using _mailbox = await startMailbox({
    host: HOST,
    smtpPort: SMTP_PORT,
    httpPort: HTTP_PORT,
    dataDir: MAILBOX_DIR,
    maxMessages: MAILBOX_MAX_MESSAGES,
    log,
  });
  log.info({ reason: await asked }, 'mailbox stopping');
} catch (error) {
  log.fatal({ err: error }, 'mailbox failed');
  process.exitCode = 1;
}
process.exit(); // What clients keep open must not keep a stopped mailbox alive.
