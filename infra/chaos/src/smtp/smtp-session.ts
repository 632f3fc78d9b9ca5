import type { Socket } from 'node:net';
import type { Deviation, Stage, TakenMail } from './script.ts';

export interface SmtpRules {
  /** How the stage goes otherwise this time, if it does. */
  readonly deviate: (stage: Stage, to: string) => Deviation['does'] | undefined;
  /** Must be durable when it returns: the client is told "250" after that. */
  readonly take: (mail: TakenMail) => void;
}

interface Session {
  readonly socket: Socket;
  readonly rules: SmtpRules;
  to: string;
  /** Of the message under way. */
  lines: string[] | undefined;
  /** It says nothing any more, and hears nothing. */
  isHung: boolean;
}

const commands: readonly (readonly [pattern: RegExp, stage: Stage, reply: string])[] = [
  [/^(EHLO|HELO)/i, 'ehlo', '250-chaos\r\n250 8BITMIME'],
  [/^MAIL FROM/i, 'mail', '250 2.1.0 ok'],
  [/^RCPT TO/i, 'rcpt', '250 2.1.5 ok'],
  [/^DATA$/i, 'data', '354 go on'],
];

/** One connection of a mail server that does what its rules say at every stage, and is healthy where they say nothing. */
export function serveSmtp(socket: Socket, rules: SmtpRules): void {
  const session: Session = { socket, rules, to: '', lines: undefined, isHung: false };
  let rest = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (socket.destroyed || session.isHung) return;
      if (session.lines === undefined) takeCommand(session, line);
      else takeMessageLine(session, session.lines, line);
    }
  });
  answer(session, 'greeting', '220 chaos ESMTP');
}

function takeCommand(session: Session, line: string): void {
  const found = commands.find(([pattern]) => pattern.test(line));
  if (found === undefined) {
    if (/^RSET/i.test(line)) session.socket.write('250 2.0.0 ok\r\n');
    else session.socket.end('221 2.0.0 bye\r\n');
    return;
  }
  const [, stage, reply] = found;
  if (stage === 'rcpt') session.to = /<([^>]*)>/.exec(line)?.[1] ?? '';
  const said = answer(session, stage, reply);
  if (stage === 'data' && said === reply) session.lines = [];
}

function takeMessageLine(session: Session, lines: string[], line: string): void {
  if (line !== '.') {
    lines.push(line.replace(/^\./, ''));
    if (lines.length === 1) answer(session, 'body', undefined);
    return;
  }
  session.lines = undefined;
  const does = session.rules.deviate('final', session.to);
  const mail = { at: Date.now(), to: session.to, ...read(lines) };
  // Cut or silent after the final dot: the server has the mail, and the client will never know.
  if (typeof does !== 'object') session.rules.take({ ...mail, isAnswered: does === undefined });
  perform(session, does, '250 2.0.0 taken');
}

/** @returns what was answered, if anything was */
function answer(session: Session, stage: Stage, reply: string | undefined): string | undefined {
  return perform(session, session.rules.deviate(stage, session.to), reply);
}

function perform(session: Session, does: Deviation['does'] | undefined, reply: string | undefined): string | undefined {
  const { socket } = session;
  if (does === 'hang') {
    session.isHung = true;
    return undefined;
  }
  if (does === 'drop') {
    socket.destroy();
    return undefined;
  }
  const said = does?.reply ?? reply;
  if (said !== undefined) socket.write(`${said}\r\n`);
  if (said?.startsWith('421') === true) socket.end();
  return said;
}

/** Quoted-printable breaks long lines and writes `=` as `=3D`; nothing else of it stands in what we look for. */
function read(lines: readonly string[]): Pick<TakenMail, 'messageId' | 'token' | 'resetToken'> {
  const raw = lines.join('\r\n');
  const messageId = /^Message-ID:\s*<([^>]+)>/im.exec(raw)?.[1] ?? 'none';
  const text = raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
  const token = /#verify=([\w-]{64})/.exec(text)?.[1];
  const resetToken = /#reset=([\w-]{64})/.exec(text)?.[1];
  return { messageId, ...(token !== undefined && { token }), ...(resetToken !== undefined && { resetToken }) };
}
