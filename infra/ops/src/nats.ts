import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectionOptions } from '@postrider/messaging';
import type { Surroundings } from './command.ts';
import type { Places } from './places.ts';

/** A message as its stream keeps it. */
export interface StoredMessage {
  readonly stream: string;
  readonly sequence: number;
  readonly subject: string;
  readonly at: Date;
  readonly header: (name: string) => string | undefined;
  readonly body: () => unknown;
}

/** The streams, to be looked at: nothing is consumed, and nothing stays behind on the server. */
export interface Streams extends AsyncDisposable {
  readonly manager: JetStreamManager;
  /** The messages of a subject, wildcards allowed, oldest first: by the stream's index of subjects, however large it is. */
  bySubject(stream: string, subject: string): Promise<StoredMessage[]>;
  /** The messages of a time, as far as `limit` goes, that fit: where no index helps. */
  scan(stream: string, options: ScanOptions, fits: (message: StoredMessage) => boolean): Promise<StoredMessage[]>;
}

export interface ScanOptions {
  readonly from: Date | 'the latest';
  readonly subject?: string;
  readonly limit: number;
}

/** Connects as whom the URL names, the operator; gives up after seconds. */
export async function connectAsOperator(url: string): Promise<NatsConnection> {
  return connect({ ...(await connectionOptions({ url })), ...patience });
}

const patience = { name: 'ops', timeout: 3_000, reconnect: false };

/** Connects as the operator for the time of some work. @throws when nobody says where NATS is */
export async function withOperator<T>({ places }: Surroundings, work: (nc: NatsConnection) => Promise<T>): Promise<T> {
  return closing(await connectAsOperator(whereNatsIs(await places())), work);
}

/** The same as the provisioner where its key is given, and otherwise as the operator. */
export async function withProvisioner<T>(
  surroundings: Surroundings,
  work: (nc: NatsConnection) => Promise<T>,
): Promise<T> {
  const places = await surroundings.places();
  const { natsProvisionerSeed: nkeySeed } = places;
  if (nkeySeed === undefined) return withOperator(surroundings, work);
  const options = await connectionOptions({ url: whereNatsIs(places), nkeySeed });
  return closing(await connect({ ...options, inboxPrefix: '_INBOX_provisioner', ...patience }), work);
}

function whereNatsIs({ natsUrl }: Places): string {
  if (natsUrl === undefined) throw new Error('Where NATS is, is not known: NATS_OPERATOR_URL says it.');
  return natsUrl;
}

async function closing<T>(nc: NatsConnection, work: (nc: NatsConnection) => Promise<T>): Promise<T> {
  try {
    return await work(nc);
  } finally {
    await nc.close();
  }
}

/** Connects to look at the streams. */
export async function openStreams(url: string): Promise<Streams> {
  const nc = await connectAsOperator(url);
  try {
    const manager = await jetstreamManager(nc, { timeout: 3_000 });
    return {
      manager,
      bySubject: (stream, subject) => bySubject(manager, stream, subject),
      scan: (stream, options, fits) => scan(nc, manager, stream, { ...options, fits }),
      [Symbol.asyncDispose]: () => nc.close(),
    };
  } catch (error) {
    await nc.close();
    throw error;
  }
}

const mostOfASubject = 500;

async function bySubject(manager: JetStreamManager, stream: string, subject: string): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for (let seq = 1; found.length < mostOfASubject;) {
    const message = await manager.direct.getMessage(stream, { seq, next_by_subj: subject });
    if (message === null) break;
    found.push({
      stream,
      sequence: message.seq,
      subject: message.subject,
      at: message.time,
      header: (name) => message.header.get(name) || undefined,
      body: () => message.json<unknown>(),
    });
    seq = message.seq + 1;
  }
  return found;
}

async function scan(
  nc: NatsConnection,
  manager: JetStreamManager,
  stream: string,
  { from, subject, limit, fits }: ScanOptions & { fits: (message: StoredMessage) => boolean },
): Promise<StoredMessage[]> {
  const { state } = await manager.streams.info(stream);
  const start =
    from === 'the latest'
      ? { opt_start_seq: Math.max(state.first_seq, state.last_seq - limit + 1, 1) }
      : { opt_start_time: from.toISOString() };
  const filter = subject !== undefined && { filter_subjects: subject };
  const consumer = await jetstream(nc, { timeout: 3_000 }).consumers.get(stream, { ...start, ...filter });
  const { num_pending: there } = await consumer.info();
  const found: StoredMessage[] = [];
  if (there === 0) return found;
  let left = Math.min(there, limit);
  for await (const message of await consumer.consume()) {
    const stored: StoredMessage = {
      stream,
      sequence: message.seq,
      subject: message.subject,
      at: new Date(message.info.timestampNanos / 1e6),
      header: (name) => message.headers?.get(name) || undefined,
      body: () => message.json<unknown>(),
    };
    if (fits(stored)) found.push(stored);
    if (--left === 0) break;
  }
  return found;
}
