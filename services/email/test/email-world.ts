import { jetstream, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, headers as createHeaders, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { type DomainEvent, toHeaders } from '@postrider/contracts';
import { testDatabase, testNats, type TestNats } from '@postrider/local/testing';
import { connectionOptions, type NatsAccess } from '@postrider/messaging';
import { topology } from '@postrider/topology';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../src/config.ts';
import { migrate } from '../src/database.ts';
import type { LedgerPolicy } from '../src/ledger/ledger-context.ts';
import { type EmailService, start } from '../src/service.ts';
import { calmLeaseMs, quick } from './quick.ts';
import { type ScriptedSmtp, startScriptedSmtp } from './scripted-smtp.ts';

/** Everything around an email service, real but for the mail server, which follows a script. */
export interface EmailWorld extends AsyncDisposable {
  readonly config: Config;
  readonly sealingKey: JWK;
  readonly nats: TestNats;
  readonly smtp: ScriptedSmtp;
  /** Everything that was published to `email.v1.>` and `dead.>`, as it came. */
  readonly seen: readonly SeenMessage[];
  /** Starts a replica of the service in this process. */
  start(policy?: Partial<LedgerPolicy>, changes?: Partial<Config>): Promise<EmailService>;
  /** Puts an event on its stream, as the user service would; resolves with its `ce-id` when it is stored. */
  publish(event: DomainEvent, options?: PublishOptions): Promise<string>;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Resolves when a message that fits was seen, at once if it was before. */
  message(fits: (message: SeenMessage) => boolean): Promise<SeenMessage>;
  /** The delivery fact of that name about the mail that the event caused: `sent`, `bounced`. */
  fact(name: string, eventId: string): Promise<SeenMessage>;
  deadLetter(eventId: string): Promise<SeenMessage>;
  /** Up to which message of its stream the durable is done. */
  acknowledged(
    durable: 'email-challenges' | 'email-user-events' | 'email-sign-ins' | 'email-contacts',
  ): Promise<number>;
  /** The streams, as an operator. */
  manager(): Promise<JetStreamManager>;
}

export interface PublishOptions {
  readonly id?: string;
  /** As the server deduplicates; another one makes a second message of the same event. */
  readonly messageId?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly traceparent?: string;
  /** `ce-sequence`. */
  readonly sequence?: string;
}

export interface SeenMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Record<string, unknown>;
}

export interface WorldOptions {
  /** A database whose outages the test decides, instead of one on the run's shared server. */
  readonly databaseUrl?: string;
  readonly leaseMs?: number;
  /** Instead of infra's. */
  readonly maxAckPending?: number;
}

export async function startEmailWorld(options: WorldOptions = {}): Promise<EmailWorld> {
  const { leaseMs = calmLeaseMs, maxAckPending } = options;
  const overrides = quick(leaseMs, maxAckPending === undefined ? {} : { max_ack_pending: maxAckPending });
  await using starting = new AsyncDisposableStack();
  const consumers = topology.consumers.map(({ config }) => overrides.declaration(config.durable_name));
  const nats = starting.use(await testNats({ topology: { ...topology, consumers } }));
  const databaseUrl = options.databaseUrl ?? starting.use(await testDatabase({ name: 'email', migrate })).url;
  const smtp = starting.use(await startScriptedSmtp());
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  const config = configFor({ nats, databaseUrl, smtp, privateKey: await exportJWK(privateKey) });
  const operator = starting.use(await openConnection({ url: nats.urls.operator }, 'operator'));
  const user = starting.use(await openConnection(nats.as('user'), 'user'));
  const log = watchMessages(operator.nc);
  await operator.nc.flush();
  const stack = starting.move();
  return {
    config,
    sealingKey: { ...(await exportJWK(publicKey)), kid: 'test' },
    nats,
    smtp,
    seen: log.seen,
    start: (policy, changes) =>
      start({ ...config, ...changes }, { ...overrides, policy: { ...overrides.policy, ...policy } }),
    publish: (event, options) => publish(options?.subject === undefined ? user.js : operator.js, event, options),
    query: (sql, values) => query(databaseUrl, sql, values),
    message: log.message,
    fact: (name, eventId) =>
      log.message(({ subject, data }) => subject.startsWith(`email.v1.${name}.`) && data['causationId'] === eventId),
    deadLetter: (eventId) =>
      log.message(({ subject, headers }) => subject.startsWith('dead.') && headers['ce-id'] === eventId),
    async acknowledged(durable) {
      const manager = await operator.js.jetstreamManager();
      const info = await manager.consumers.info(overrides.declaration(durable).stream_name, durable);
      return info.ack_floor.stream_seq;
    },
    manager: () => operator.js.jetstreamManager(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Around {
  readonly nats: TestNats;
  readonly databaseUrl: string;
  readonly smtp: ScriptedSmtp;
  readonly privateKey: JWK;
}

function configFor({ nats, databaseUrl, smtp, privateKey }: Around): Config {
  return {
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://localhost:3000',
    databaseUrl,
    nats: { ...nats.as('email'), monitorUrl: nats.monitorUrl },
    eventsEnabled: true,
    relayEnabled: true,
    smtpUrl: smtp.url,
    mailFrom: 'Postrider <no-reply@postrider.example>',
    sealingPrivateKeys: [{ ...privateKey, kty: 'EC', kid: 'test' }],
    recipientKey: new Uint8Array(32).fill(7),
    ledgerRetentionDays: 90,
    outboxRetentionDays: 7,
    shutdownGraceSeconds: 8,
    telemetry: { metricsEnabled: false, tracesEndpoint: undefined, tracesRatio: 1 }, // A process's own, and this is the test's.
    logLevel: 'silent',
  };
}

async function openConnection(
  access: NatsAccess,
  user: string,
): Promise<AsyncDisposable & { nc: NatsConnection; js: JetStreamClient }> {
  const nc = await connect({
    ...(await connectionOptions(access)),
    inboxPrefix: `_INBOX_${user}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  return { nc, js: jetstream(nc), [Symbol.asyncDispose]: () => nc.close() };
}

/** A core subscription: it sees what streams keep, as it is published. */
function watchMessages(nc: NatsConnection): { seen: SeenMessage[] } & Pick<EmailWorld, 'message'> {
  const seen: SeenMessage[] = [];
  const watchers = new Set<() => void>();
  const take = (message: Msg): void => {
    const headers = Object.fromEntries(
      (message.headers?.keys() ?? []).map((key) => [key, message.headers?.get(key) ?? '']),
    );
    let data: Record<string, unknown> = {};
    try {
      data = message.json();
    } catch {
      // A dead letter may hold anything.
    }
    seen.push({ subject: message.subject, headers, data });
    for (const look of watchers) look();
  };
  for (const subject of ['email.v1.>', 'dead.>'])
    nc.subscribe(subject, { callback: (_error, message) => take(message) });
  return {
    seen,
    message: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = seen.find(fits);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}

async function publish(js: JetStreamClient, event: DomainEvent, options: PublishOptions = {}): Promise<string> {
  const id = options.id ?? uuidv7();
  const headers = createHeaders();
  const envelope = {
    id,
    source: '/postrider/user',
    type: event.type,
    subject: event.aggregateId,
    time: new Date().toISOString(),
    traceparent: options.traceparent,
    sequence: options.sequence,
  };
  for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
  const body = options.body ?? JSON.stringify(event.payload);
  // While the client reconnects it discards publishes; the id keeps a repeated one from counting twice.
  for (let left = 10; ; left--) {
    try {
      await js.publish(options.subject ?? event.subject, body, {
        msgID: options.messageId ?? id,
        headers,
        timeout: 2_000,
        retries: 0,
      });
      return id;
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

async function query(url: string, sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
