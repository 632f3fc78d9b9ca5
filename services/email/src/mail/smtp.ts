import { canonicalAddress } from '@postrider/contracts';
import { createTransport } from 'nodemailer';
import type { Message } from './compose-message.ts';
import { observeSends } from './observe-sends.ts';
import { SmtpError, type SmtpPhase } from './smtp-error.ts';

/**
 * The theory. A connection that drops before the message was sent and one that drops after it give the same error, and mean the
 * opposite: the one mail surely was not taken, the other may have been. nodemailer's log records tell them apart, but of
 * a pool they don't say which mail they are about. So there is a pool of lanes, each with one connection that is kept
 * open and one mail at a time: what a lane's log says is about the mail that holds it.
 *
 * Retries are the ledger's: nodemailer's own are off. Connecting and the greeting have ten seconds. The socket's silence has ten
 * minutes, since a shorter wait for the answer to the final dot makes duplicates (RFC 5321 §4.5.3.2.6 asks for ten). We
 * hang up an idle connection before servers usually do, so that a lane is not found dead by the next mail.
 */
export interface SmtpTransport extends AsyncDisposable {
  /** What delivery facts call it. */
  readonly provider: string;
  /**
   * Sends one mail to its one recipient; resolves when the server took it.
   *
   * @param signal gives up waiting: before the data is complete the mail surely was not sent, after that it is ambiguous
   * @throws {SmtpError} in every other case, with what `classify` needs
   */
  send(message: Message, signal?: AbortSignal): Promise<SmtpReceipt>;
  /**
   * Connects, says EHLO and logs in over a connection of its own.
   *
   * @throws {SmtpError} when that fails
   */
  probe(): Promise<void>;
}

export interface SmtpReceipt {
  readonly replyCode: number;
  readonly enhancedCode?: string | undefined;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:port?requireTLS=true`, or `smtps://…`. */
  readonly url: string;
  /** Connections, and so mails under way at once. */
  readonly lanes?: number;
  readonly connectTimeoutMs?: number;
  readonly silenceTimeoutMs?: number;
}

/** Opens no connection yet: the first mail does. */
export function createSmtpTransport(options: SmtpOptions): SmtpTransport {
  const lanes = Array.from({ length: options.lanes ?? 5 }, () => createLane(options));
  const idle = [...lanes];
  const waiting: ((lane: Lane) => void)[] = [];
  const observe = observeSends(options.url);
  const take = (): Lane | Promise<Lane> => idle.pop() ?? new Promise((resolve) => waiting.push(resolve));
  const giveBack = (lane: Lane): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(lane);
    else next(lane);
  };
  return {
    provider: 'smtp',
    async send(message, signal) {
      const lane = await take();
      try {
        return await observe(async () => sendOver(lane, message, signal));
      } finally {
        giveBack(lane);
      }
    },
    async probe() {
      try {
        await createLane(options).transporter.verify();
      } catch (error) {
        throw toSmtpError(error, 'connect');
      }
    },
    async [Symbol.asyncDispose]() {
      for (const lane of lanes) lane.transporter.close();
    },
  };
}

type Lane = ReturnType<typeof createLane>;

const idleTimeoutMs = 30_000;

function createLane({ url, connectTimeoutMs = 10_000, silenceTimeoutMs = 600_000 }: SmtpOptions) {
  const progress: { phase: SmtpPhase } = { phase: 'connect' };
  const transporter = createTransport({
    url,
    pool: true,
    maxConnections: 1,
    maxRequeues: 0,
    dnsTimeout: connectTimeoutMs,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: silenceTimeoutMs,
    idleTimeout: idleTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    transactionLog: true, // Told to `follow`, and to nobody else: it holds addresses.
    logger: follow((phase) => (progress.phase = phase)),
  });
  // The last look at what will really go out, after nodemailer has parsed and built it.
  transporter.use('stream', ({ data, message }, done) => {
    const { to } = message.getEnvelope();
    const isExact = Array.isArray(to) && to.length === 1 && to[0] === data.to;
    done(isExact ? null : new Error('The envelope does not hold exactly the one recipient.'));
  });
  return { transporter, progress };
}

async function sendOver({ transporter, progress }: Lane, message: Message, signal?: AbortSignal): Promise<SmtpReceipt> {
  if (canonicalAddress(message.to) !== message.to)
    throw new Error('The recipient is not an address in canonical form.');
  progress.phase = 'connect';
  try {
    const { boundary, ...rest } = message;
    const info = await transporter.sendMail({
      ...rest,
      baseBoundary: boundary,
      xMailer: false,
      ...(signal !== undefined && { signal }),
    });
    return readReply(info.response) ?? { replyCode: 250 };
  } catch (error) {
    throw toSmtpError(error, progress.phase);
  }
}

/** nodemailer's log, read for one thing: how far the mail is. */
function follow(advance: (phase: SmtpPhase) => void): Record<string, (entry: LogEntry, text?: string) => void> {
  const record = ({ tnx }: LogEntry, text = ''): void => {
    if (tnx === 'send') advance('mail');
    else if (tnx === 'message') advance('sent');
    else if (tnx === 'client' && text.startsWith('RCPT TO')) advance('rcpt');
    else if (tnx === 'client' && text === 'DATA') advance('data');
  };
  return { trace: record, debug: record, info: record, warn: record, error: record, fatal: record };
}

interface LogEntry {
  readonly tnx?: string;
}

function toSmtpError(error: unknown, reached: SmtpPhase): SmtpError {
  // Only these members are read, and each is checked: whatever nodemailer throws may carry them.
  const { code, originalCode, command, response } = error as Partial<Record<string, unknown>>;
  const reply = readReply(response);
  const name = isTlsCode(originalCode) ? 'ETLS' : code === 'ESOCKET' ? (originalCode ?? code) : code;
  return new SmtpError({
    phase: reply === undefined ? reached : phaseOfReply(command, code, reached),
    ...reply,
    code: typeof name === 'string' ? name : 'EMESSAGE',
  });
}

/** Which command a reply was the answer to. DATA has two replies: one to the command, one to the message. */
function phaseOfReply(command: unknown, code: unknown, reached: SmtpPhase): SmtpPhase {
  if (command === 'MAIL FROM') return 'mail';
  if (command === 'RCPT TO') return 'rcpt';
  if (command === 'DATA') return code === 'EMESSAGE' ? 'sent' : 'data';
  return reached;
}

function readReply(response: unknown): SmtpReceipt | undefined {
  const match = typeof response === 'string' ? /^(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3}))?/.exec(response) : null;
  return match === null ? undefined : { replyCode: Number(match[1]), enhancedCode: match[2] };
}

/** Over smtps a certificate that fails is only a socket error to nodemailer; the system's code names it. */
function isTlsCode(code: unknown): boolean {
  return typeof code === 'string' && /CERT|TLS|SSL|EPROTO/.test(code);
}
