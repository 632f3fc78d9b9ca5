import { connect, type NatsConnection } from '@nats-io/transport-node';
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
}

export interface NatsOptions {
  /** `nats://user:password@host:port`, or several, joined by commas. */
  readonly url: string;
  /** Shown to operators by `nats server report connections`. */
  readonly name: string;
  /** Private inboxes: the user's permissions name this prefix. */
  readonly inboxPrefix?: string;
  readonly log: Logger;
}

/** Opens the link; returns at once. Disposing it drains what is under way and closes. */
export function connectNats({ url, name, inboxPrefix, log }: NatsOptions): Nats {
  const state: State = { connection: undefined, isUp: false, isClosed: false };
  const connecting = connect({
    ...parseServers(url),
    name,
    ...(inboxPrefix !== undefined && { inboxPrefix }),
    noEcho: true, // A doorbell is for the other replicas.
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true, // A wrong password is put right by an operator while we go on trying.
    reconnectTimeWait: 500,
    reconnectJitter: 200,
    pingInterval: 20_000,
    timeout: 5_000,
  }).then(async (connection) => {
    if (state.isClosed) await connection.close();
    Object.assign(state, { connection, isUp: true });
    log.info({ server: connection.getServer() }, 'NATS connected');
    void follow(connection, state, log);
    return connection;
  });
  connecting.catch((error: unknown) => log.error({ err: error }, 'NATS connection gave up'));
  const closing = Promise.withResolvers<never>();
  closing.promise.catch(() => undefined); // Whoever waits is told; nobody has to.
  const slow = setTimeout(
    () => log.warn({ servers: parseServers(url).servers }, 'NATS does not answer yet: events wait'),
    2_000,
  );
  connecting.finally(() => clearTimeout(slow)).catch(() => undefined);

  return {
    current: () => (state.isUp ? state.connection : undefined),
    first: () => Promise.race([connecting, closing.promise]),
    health() {
      if (state.isUp) return { status: 'up' };
      return { status: state.connection === undefined ? 'starting' : 'down', detail: 'NATS does not answer' };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(slow);
      state.isClosed = true;
      closing.reject(new Error('The link to NATS was closed.'));
      await close(state);
    },
  };
}

interface State {
  connection: NatsConnection | undefined;
  isUp: boolean;
  isClosed: boolean;
}

async function follow(connection: NatsConnection, state: State, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      state.isUp = false;
      if (!state.isClosed) log.warn({ server: status.server }, 'NATS disconnected: events wait');
    } else if (status.type === 'reconnect') {
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
  if (isUp) await connection.drain();
  else await connection.close();
}

/** The client takes credentials apart from addresses. */
function parseServers(url: string): { servers: string[]; user?: string; pass?: string } {
  const urls = url.split(',').map((one) => new URL(one.trim()));
  const servers = urls.map((one) => `${one.protocol}//${one.host}`);
  const [{ username, password } = { username: '', password: '' }] = urls;
  return username === ''
    ? { servers }
    : { servers, user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}
