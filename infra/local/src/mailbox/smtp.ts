import type { Logger } from 'pino';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import { authority, listen } from './listen.ts';
import { readHeaders } from './mail/read-headers.ts';
import type { MailStore } from './store/mail-store.ts';

const MAX_MAIL_BYTES = 10 * 1024 * 1024;
const MAX_RECIPIENTS = 100; // What RFC 5321 §4.5.3.1.8 asks every server to take.
const CLOSE_GRACE_MS = 500;

type Options = { host: string; port: number; store: MailStore; log: Logger };

/**
 * Takes mail for anybody from anybody, and sends none on. 250 after the data is said once the store has it on disk;
 * a mail that could not be stored is answered 451, so that the sender keeps it and tries again.
 */
export async function startSmtp({ host, port, store, log }: Options): Promise<AsyncDisposable & { url: string }> {
  const server = new SMTPServer({
    banner: 'Postrider development mailbox',
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: false,
    size: MAX_MAIL_BYTES,
    rejectOversized: true,
    maxRecipients: MAX_RECIPIENTS,
    closeTimeout: CLOSE_GRACE_MS,
    onData: (stream, session, reply) => {
      receive(stream, session, store, log).then((id) => reply(null, `Ok: queued as ${id}`), reply);
    },
  });
  greetAtOnce(server);
  // A client that hangs up in the middle of something is its own affair; its mail was not answered 250.
  server.on('error', (error) => log.debug({ err: error }, 'SMTP connection failed'));
  const boundPort = await listen(server.server, host, port, 'SMTP');

  return {
    url: `smtp://${authority(host, boundPort)}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function receive(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  store: MailStore,
  log: Logger,
): Promise<string> {
  // The envelope is taken now: smtp-server resets the session for the connection's next mail.
  const { mailFrom, rcptTo } = session.envelope;
  const raw = await readAll(stream);
  if (readHeaders(raw).length === 0)
    throw new SmtpReply(554, 'The message has no header: it must begin with a field such as "From:"');
  const to = rcptTo.map((recipient) => recipient.address);
  try {
    const id = await store.add({ from: mailFrom === false ? '' : mailFrom.address, to, raw });
    log.info({ id, sizeBytes: raw.length, recipients: to.length }, 'mail received');
    return id;
  } catch (error) {
    log.error({ err: error }, 'a mail could not be stored');
    throw new SmtpReply(451, 'The mailbox could not store the message, try again later', { cause: error });
  }
}

/** Everything up to the final dot. Rejects when the client went away before it: half a mail is never stored. */
async function readAll(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    if (!stream.sizeExceeded) chunks.push(chunk as Buffer); // A byte stream without an encoding gives Buffers.
  }
  if (stream.sizeExceeded) throw new SmtpReply(552, `The message is larger than ${MAX_MAIL_BYTES} bytes`);
  return Buffer.concat(chunks);
}

/** Refuses a command with this reply; smtp-server looks for `responseCode`. */
class SmtpReply extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.responseCode = responseCode;
  }
}

/**
 * smtp-server holds its greeting back for 100 ms to catch senders of spam who talk first, and has no option for it.
 * Here it would only blur what is measured against this mailbox, so the greeting is sent as the connection is made.
 */
function greetAtOnce(server: SMTPServer): void {
  server.connect = (socket, options) => {
    SMTPServer.prototype.connect.call(server, socket, options);
    const connection = [...server.connections].at(-1);
    if (!connection) return;
    connection.connectionReady();
    connection.connectionReady = () => {}; // For the timer, which has nothing left to do.
  };
}
