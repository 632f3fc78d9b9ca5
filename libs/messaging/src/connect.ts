import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  nkeyAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';

/**
 * A link to NATS that outlives the server: it connects when it can, reconnects for ever, and says which. Whoever needs the
 * server asks at the moment of need, so that a process starts, serves and stops without it.
 */
export interface Nats extends AsyncDisposable {
  /** The connection while it is up; undefined while it is not. A publish made then would be discarded by the client. */
  current(): NatsConnection | undefined;
  /** The connection, from the first time there was one. It may be down again by now. Rejects when the link is closed first. */
  first(): Promise<NatsConnection>;
  health(): { status: 'up' | 'down' | 'starting'; detail?: string };
  /** Grows with every connection and reconnection: what was known of the server may be no longer so. */
  generation(): number;
  /** Answers may be asked for below it. */
  readonly inboxPrefix: string;
}

/** Where NATS is, and what lets us in: an nkey, a credentials file, or name and password in the URL. */
export interface NatsAccess {
  /** `nats://user:password@host:port`, or several, joined by commas. */
  readonly url: string;
  /** The seed of a user nkey (`SU…`). */
  readonly nkeySeed?: string | undefined;
  /** A credentials file: a user's JWT and its seed. */
  readonly credsFile?: string | undefined;
  /** Certificates (PEM) that the server's must be signed by; without it those that Node trusts. */
  readonly tlsCaFile?: string | undefined;
}

export interface NatsOptions extends NatsAccess {
  /** Shown to operators by `nats server report connections`. */
  readonly name: string;
  /** Private inboxes: the user's permissions name this prefix. */
  readonly inboxPrefix?: string;
  readonly log: Logger;
}

/** Opens the link; returns at once. Disposing it drains what is under way, for two seconds at most, and closes. */
export function connectNats(options: NatsOptions): Nats {
  const { log } = options;
  const closing = new AbortController();
  const state: State = { connection: undefined, isUp: false, generation: 0 };
  const first = connectUntilItAnswers(options, closing.signal).then((connection) => {
    Object.assign(state, { connection, isUp: true, generation: 1 });
    log.info({ server: connection.getServer() }, 'NATS connected');
    void follow(connection, state, closing.signal, log);
    return connection;
  });
  first.catch(() => undefined); // Rejects only when closed before: whoever waits is told, nobody has to.
  return {
    current: () => (state.isUp ? state.connection : undefined),
    first: () => first,
    generation: () => state.generation,
    inboxPrefix: options.inboxPrefix ?? '_INBOX',
    health() {
      if (state.isUp) return { status: 'up' };
      return { status: state.connection === undefined ? 'starting' : 'down', detail: 'NATS does not answer' };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await first.catch(() => undefined);
      await close(state);
    },
  };
}

/** The first connection. The client's own waiting for it can't be given up, so we ask again ourselves. */
async function connectUntilItAnswers(options: NatsOptions, signal: AbortSignal): Promise<NatsConnection> {
  const { name, inboxPrefix, log } = options;
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await connect({
        ...(await connectionOptions(options)),
        name,
        ...(inboxPrefix !== undefined && { inboxPrefix }),
        noEcho: true, // A doorbell is for the other replicas.
        maxReconnectAttempts: -1,
        ignoreAuthErrorAbort: true, // A wrong password is put right by an operator while we go on trying.
        reconnectTimeWait: 500,
        reconnectJitter: 200,
        pingInterval: 20_000,
        timeout: 5_000,
        noAsyncTraces: true, // Two stack traces for each confirmed acknowledgement otherwise, a tenth of a subscription's CPU.
      });
    } catch (error) {
      if (tries === 3)
        log.warn(
          { err: error, servers: parseNatsUrl(options.url).servers },
          'NATS does not let us in yet: events wait',
        );
      await sleep(500, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop.
    }
  }
  throw new Error('The link to NATS was closed.');
}

interface State {
  connection: NatsConnection | undefined;
  isUp: boolean;
  generation: number;
}

async function follow(connection: NatsConnection, state: State, closing: AbortSignal, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      state.isUp = false;
      if (!closing.aborted) log.warn({ server: status.server }, 'NATS disconnected: events wait');
    } else if (status.type === 'reconnect') {
      state.generation++; // Before anybody can publish.
      state.isUp = true;
      log.info({ server: status.server }, 'NATS reconnected');
    } else if (status.type === 'error') {
      log.error({ err: status.error }, 'NATS refused something');
    }
  }
  state.isUp = false;
}

async function close({ connection, isUp }: State): Promise<void> {
  if (connection === undefined || connection.isClosed()) return;
  // A server that hangs answers no drain.
  if (isUp) await Promise.race([connection.drain(), sleep(2_000, undefined, { ref: false })]);
  await connection.close();
}

/**
 * What the client wants to be told. Files are read for each connection, since credentials and certificates are renewed; one that can't be read
 * any more, or is being written, is taken as it was.
 *
 * @throws when a file can't be read
 */
export async function connectionOptions(access: NatsAccess): Promise<NodeConnectionOptions> {
  const { url, nkeySeed, credsFile, tlsCaFile } = access;
  const options = { ...parseNatsUrl(url), ...(tlsCaFile !== undefined && { tls: { caFile: tlsCaFile } }) };
  if (nkeySeed !== undefined)
    return { ...options, authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) };
  if (credsFile !== undefined) return { ...options, authenticator: await credentialsIn(credsFile) };
  return options;
}

/** The client asks at every reconnection, and wants its answer at once. */
async function credentialsIn(path: string): Promise<Authenticator> {
  let last = credsAuthenticator(await readFile(path));
  return (nonce) => {
    try {
      const renewed = credsAuthenticator(readFileSync(path));
      const answer = renewed(nonce); // Throws when the file holds no credentials.
      last = renewed;
      return answer;
    } catch {
      return last(nonce); // Should those be over, the server says so, and that is logged.
    }
  };
}

/** The client takes credentials apart from addresses. */
export function parseNatsUrl(url: string): { servers: string[]; user?: string; pass?: string } {
  const urls = url.split(',').map((one) => new URL(one.trim()));
  const servers = urls.map((one) => `${one.protocol}//${one.host}`);
  const [{ username, password } = { username: '', password: '' }] = urls;
  return username === ''
    ? { servers }
    : { servers, user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}
