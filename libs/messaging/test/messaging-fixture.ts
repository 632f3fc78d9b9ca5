import { jetstreamManager } from '@nats-io/jetstream';
import { testNats } from '@postrider/local/testing';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { connectNats, createPublisher, type EventToPublish, type Topology } from '../src/index.ts';
import { thingDone } from './thing-done.ts';

export const log = pino({ level: 'silent' });

export const thingsDurable = {
  stream_name: 'USER_EVENTS',
  config: {
    durable_name: 'email-user-events',
    filter_subjects: ['user.v1.thing_done.*', 'user.retry.email-user-events.>'],
    deliver_policy: 'all',
    ack_policy: 'explicit',
    ack_wait: 1e9,
    max_deliver: 8,
    max_ack_pending: 1_000,
  },
} satisfies Topology['consumers'][number];

const advisory = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES';

export const advisoriesDurable = {
  stream_name: 'ADVISORIES',
  config: {
    durable_name: 'email-advisories',
    filter_subjects: [`${advisory}.USER_EVENTS.email-user-events`],
    ack_policy: 'explicit',
    ack_wait: 1e9,
    max_deliver: -1,
  },
} satisfies Topology['consumers'][number];

const streams = [
  {
    name: 'USER_EVENTS',
    subjects: ['user.v1.>', 'user.retry.>'],
    storage: 'file',
    allow_msg_ttl: true,
    allow_direct: true,
  },
  { name: 'DEAD_LETTERS', subjects: ['dead.>'], storage: 'file', allow_msg_ttl: true, allow_direct: true },
  {
    name: 'DEAD_LETTER_AUDIT',
    subjects: ['audit.dead_letters.>'],
    storage: 'file',
    allow_direct: true,
    deny_delete: true,
    deny_purge: true,
  },
  { name: 'ADVISORIES', subjects: [`${advisory}.>`], storage: 'file' },
  { name: 'SUSPECTS', subjects: ['suspect.>'], storage: 'file', allow_msg_counter: true, max_msgs_per_subject: 1 },
] satisfies Topology['streams'];

export interface MessagingServerOptions {
  /** How the durable differs from `thingsDurable`. */
  readonly durable?: Partial<Topology['consumers'][number]['config']>;
  readonly without?: 'SUSPECTS';
  /** More subjects of the stream. */
  readonly subjects?: readonly string[];
}

export type MessagingServer = Awaited<ReturnType<typeof messagingServer>>;

/** A server with one stream and one durable, links as the user and the email service, and an operator who looks inside. */
export async function messagingServer({ durable, without, subjects = [] }: MessagingServerOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const declaration = { ...thingsDurable, config: { ...thingsDurable.config, ...durable } };
  const topology = {
    streams: streams
      .filter(({ name }) => name !== without)
      .map((stream) =>
        stream.name === 'USER_EVENTS' ? { ...stream, subjects: [...stream.subjects, ...subjects] } : stream,
      ),
    consumers: [declaration, advisoriesDurable],
  };
  const server = stack.use(await testNats({ topology }));
  const user = stack.use(connectNats({ ...server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log }));
  const email = stack.use(connectNats({ ...server.as('email'), name: 'email', inboxPrefix: '_INBOX_email', log }));
  const operator = stack.use(connectNats({ url: server.urls.operator, name: 'operator', log }));
  const publisher = createPublisher({ nats: user, source: '/postrider/user', log });
  const nc = await operator.first();
  await Promise.all([user.first(), email.first()]);
  const manager = await jetstreamManager(nc);
  const running = stack.move();
  return {
    server,
    topology,
    declaration,
    user,
    email,
    operator,
    manager,
    publisher,
    /** Where the user service's permissions end. */
    publishAsOperator: async (event: EventToPublish) =>
      createPublisher({ nats: operator, source: '/postrider/user', log }).publish(event),
    publishRaw: async (subject: string, body: string, headers: Record<string, string> = {}) => {
      const { headers: create } = await import('@nats-io/transport-node');
      const hdrs = create();
      for (const [name, value] of Object.entries(headers)) hdrs.append(name, value);
      await nc.request(subject, body, { headers: hdrs, timeout: 5_000 });
    },
    deadLetters: async () => {
      const { state } = await manager.streams.info('DEAD_LETTERS');
      const letters = [];
      for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++)
        letters.push(await manager.streams.getMessage('DEAD_LETTERS', { seq }));
      return letters.filter((letter) => letter !== null);
    },
    pendingOf: async (): Promise<{ waiting: number; unacknowledged: number }> => {
      const info = await manager.consumers.info('USER_EVENTS', 'email-user-events');
      return { waiting: info.num_pending, unacknowledged: info.num_ack_pending };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

let lastNumber = 0;

export function thing(n: number, more: Partial<EventToPublish> = {}): EventToPublish {
  const event = thingDone.create({ userId: 'u-1', n });
  const eventId = uuidv7();
  return {
    id: String(++lastNumber),
    eventId,
    messageId: eventId,
    stream: event.stream,
    aggregateId: event.aggregateId,
    type: event.type,
    subject: event.subject,
    headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', correlationId: 'c-1' },
    body: JSON.stringify(event.payload),
    recordedAt: new Date('2026-01-01T00:00:00Z'),
    expiresAt: null,
    ...more,
  };
}
