import { pino } from 'pino';
import { type Mailbox, startMailbox } from '../mailbox/start-mailbox.ts';
import { createTempFolder } from './temp-folder.ts';

/** A mailbox on free ports, for the SMTP of a test and the mails it wants to see. Disposing removes the mails. */
export async function testMailbox(): Promise<Mailbox> {
  await using starting = new AsyncDisposableStack();
  const { path: dataDir } = starting.use(await createTempFolder('mailbox'));
  const log = pino({ level: 'silent' });
  const mailbox = starting.use(await startMailbox({ host: '127.0.0.1', smtpPort: 0, httpPort: 0, dataDir, log }));
  const running = starting.move();
  return { ...mailbox, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}
