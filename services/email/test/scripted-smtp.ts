import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Where in a session the script may answer otherwise; `body` is the first line of the message, `final` the answer to its last. */
export type Stage = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'body' | 'final' | 'rset';

/** A reply line, or what a broken server does: cut the connection, or say nothing. */
export type Answer = string | typeof drop | typeof hang;
export const drop: unique symbol = Symbol('drop');
export const hang: unique symbol = Symbol('hang');

/** Undefined: as a healthy server. A promise keeps the client waiting for the answer. */
export type Script = (count: number, context: { to: string }) => Answer | Promise<Answer> | undefined;

export interface ReceivedMail {
  readonly to: string;
  /** As it came over the wire, dots unstuffed. */
  readonly raw: string;
}

/**
 * A mail server that follows a script, so that a test can fail a session at any step. It answers as a healthy server would
 * wherever the script says nothing.
 */
export interface ScriptedSmtp extends AsyncDisposable {
  readonly url: string;
  /** Whole messages, final dot included, whatever was answered to them. */
  readonly received: readonly ReceivedMail[];
  /** Those that were answered with 250. */
  readonly accepted: readonly ReceivedMail[];
  /** Sessions that reached each stage. */
  readonly seen: Readonly<Record<Stage, number>>;
  /** Answers a stage otherwise from now on. `count` is 1 for the first time the stage is reached. */
  answer(stage: Stage, how: Script): void;
  /** Resolves when the condition holds; looked at after every step of every session. */
  until(condition: (smtp: ScriptedSmtp) => boolean): Promise<void>;
  /** Cuts every connection and stops listening; `up` listens on the same port again. */
  down(): Promise<void>;
  up(): Promise<void>;
}

const healthy: Record<Stage, string | undefined> = {
  greeting: '220 scripted ESMTP',
  ehlo: '250-scripted\r\n250 8BITMIME',
  mail: '250 2.1.0 ok',
  rcpt: '250 2.1.5 ok',
  data: '354 go on',
  body: undefined,
  final: '250 2.0.0 queued',
  rset: '250 2.0.0 ok',
};

export async function startScriptedSmtp(): Promise<ScriptedSmtp> {
  const state: State = {
    received: [],
    accepted: [],
    seen: { greeting: 0, ehlo: 0, mail: 0, rcpt: 0, data: 0, body: 0, final: 0, rset: 0 },
    script: new Map(),
    sockets: new Set(),
    watchers: new Set(),
  };
  let server = createServer((socket) => serve(state, socket));
  const port = await listen(server, 0);
  const down = async (): Promise<void> => {
    for (const socket of state.sockets) socket.destroy();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  };
  const smtp: ScriptedSmtp = {
    url: `smtp://127.0.0.1:${port}`,
    received: state.received,
    accepted: state.accepted,
    seen: state.seen,
    answer: (stage, how) => void state.script.set(stage, how),
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition(smtp)) return;
          state.watchers.delete(look);
          resolve();
        };
        state.watchers.add(look);
        look();
      }),
    down,
    async up() {
      server = createServer((socket) => serve(state, socket));
      await listen(server, port);
    },
    [Symbol.asyncDispose]: down,
  };
  return smtp;
}

interface State {
  readonly received: ReceivedMail[];
  readonly accepted: ReceivedMail[];
  readonly seen: Record<Stage, number>;
  readonly script: Map<Stage, Script>;
  readonly sockets: Set<Socket>;
  readonly watchers: Set<() => void>;
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The scripted mail server has no port.');
  return address.port;
}

/** One connection: reads line by line, and is either in the middle of a message or between commands. */
function serve(state: State, socket: Socket): void {
  state.sockets.add(socket);
  socket.on('close', () => state.sockets.delete(socket)).on('error', () => undefined);
  const session: Session = { state, socket, to: '', lines: undefined };
  let rest = '';
  let taken: Promise<unknown> = reply(session, 'greeting');
  const take = async (line: string): Promise<void> => {
    if (socket.destroyed) return;
    await (session.lines === undefined ? takeCommand(session, line) : takeMessageLine(session, session.lines, line));
  };
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) taken = taken.then(async () => take(line));
  });
}

interface Session {
  readonly state: State;
  readonly socket: Socket;
  to: string;
  /** Of the message under way. */
  lines: string[] | undefined;
}

const commands: readonly (readonly [pattern: RegExp, stage: Stage])[] = [
  [/^(EHLO|HELO)/, 'ehlo'],
  [/^MAIL FROM/, 'mail'],
  [/^RCPT TO/, 'rcpt'],
  [/^DATA$/, 'data'],
  [/^RSET$/, 'rset'],
];

async function takeCommand(session: Session, line: string): Promise<void> {
  const stage = commands.find(([pattern]) => pattern.test(line))?.[1];
  if (stage === undefined) {
    session.socket.end('221 2.0.0 bye\r\n');
    return;
  }
  if (stage === 'rcpt') session.to = /<([^>]*)>/.exec(line)?.[1] ?? '';
  const answer = await reply(session, stage);
  if (stage === 'data' && typeof answer === 'string' && answer.startsWith('3')) session.lines = [];
}

async function takeMessageLine(session: Session, lines: string[], line: string): Promise<void> {
  if (line !== '.') {
    lines.push(line.replace(/^\./, ''));
    if (lines.length === 1) await reply(session, 'body');
    return;
  }
  const mail = { to: session.to, raw: lines.join('\r\n') };
  session.lines = undefined;
  session.state.received.push(mail);
  await reply(session, 'final', (answer) => {
    if (typeof answer === 'string' && answer.startsWith('250')) session.state.accepted.push(mail);
  });
}

async function reply(
  { state, socket, to }: Session,
  stage: Stage,
  before: (answer: Answer | undefined) => void = () => undefined,
): Promise<Answer | undefined> {
  const count = ++state.seen[stage];
  look(state);
  const answer = (await state.script.get(stage)?.(count, { to })) ?? healthy[stage];
  before(answer);
  if (answer === drop) socket.destroy();
  else if (typeof answer === 'string') socket.write(`${answer}\r\n`);
  look(state);
  return answer;
}

function look(state: State): void {
  for (const watcher of state.watchers) watcher();
}
