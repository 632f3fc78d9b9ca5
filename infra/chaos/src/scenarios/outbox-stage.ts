import { randomUUID } from 'node:crypto';
import { userRegistered } from '@postrider/contracts';
import { type ConsumerDeclaration, connectNats, on, startDoorbell, startSubscription } from '@postrider/messaging';
import { createBell, unitOfWork } from '@postrider/outbox';
import { openUserDatabase } from '@postrider/user/database';
import { pino } from 'pino';
import { chaosTopology } from '../fleet/chaos-topology.ts';
import { openContext } from '../fleet/open-context.ts';
import { type Broker, startBroker } from '../fleet/start-broker.ts';
import { type Databases, startDatabases } from '../fleet/start-databases.ts';
import type { FleetOptions } from '../fleet/start-fleet.ts';
import { startUserReplica } from '../fleet/start-services.ts';

/**
 * The way from a commit to a handler and nothing else: PostgreSQL, nats-server, the user service's process with its relay, and in this
 * process a writer, as another replica of that service would be, and a subscriber. Both ends have the same clock.
 */
export interface OutboxStage extends AsyncDisposable {
  readonly databases: Databases;
  readonly broker: Broker;
  /** Commits one event of this aggregate in a unit of work. */
  commit(aggregateId: string, mark: string): Promise<void>;
  /** The statement and the values that store such an event in somebody's own transaction. */
  insertion(aggregateId: string, mark: string): { text: string; values: unknown[] };
}

const log = pino({ level: 'silent' });
const stream = 'USER_EVENTS';

/** @param onHandled called with an event's mark each time its handler begins */
export async function startOutboxStage(options: FleetOptions, onHandled: (mark: string) => void): Promise<OutboxStage> {
  await using starting = new AsyncDisposableStack();
  const context = starting.use(await openContext(options));
  const declared = chaosTopology({ nodes: 1 });
  const topology = { ...declared, consumers: [...declared.consumers, readerDeclaration] };
  const [databases, broker] = await Promise.all([
    startDatabases(context).then((one) => starting.use(one)),
    startBroker(context, 1, topology).then((one) => starting.use(one)),
  ]);
  const joined = { databaseUrl: databases.urls.user, nats: broker.as('user') };
  starting.use((await startUserReplica(context, 1, joined)).member);
  const database = starting.use(await openUserDatabase(databases.urls.user, log));
  await database.untilMigrated(new AbortController().signal);
  const nats = starting.use(connectNats({ url: broker.urls.operator, name: 'chaos', log }));
  const bell = starting.use(startDoorbell({ nats, subject: 'svc.user.outbox', bell: createBell() }));
  await nats.first();
  const handler = on(userRegistered, async ({ data }) => onHandled(data.displayName ?? ''));
  starting.use(startSubscription({ nats, declaration: readerDeclaration, handlers: [handler], log, concurrency: 64 }));
  const running = starting.move();
  return {
    databases,
    broker,
    async commit(aggregateId, mark) {
      await unitOfWork({ em: database.em, bell }, async ({ record }) => record(eventOf(aggregateId, mark)));
    },
    insertion(aggregateId, mark) {
      const { type, subject, payload } = eventOf(aggregateId, mark);
      const values = [randomUUID(), stream, aggregateId, type, subject, JSON.stringify(payload)];
      return { text: insertSql, values };
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

const readerDeclaration: ConsumerDeclaration = {
  stream_name: stream,
  config: {
    durable_name: 'chaos-reader',
    filter_subjects: [userRegistered.filter],
    deliver_policy: 'all',
    ack_policy: 'explicit',
    ack_wait: 30e9,
    max_deliver: 100,
    max_ack_pending: 5_000,
  },
};

const insertSql = `
  with recorded as (
    insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
    values ($1, $2, $3, $4, $5, '{}', $6) returning id)
  insert into outbox_pending (id) select id from recorded`;

function eventOf(userId: string, mark: string): ReturnType<typeof userRegistered.create> {
  const email = `held-${userId}@example.com`;
  return userRegistered.create({ userId, email, displayName: mark, locale: 'en', source: 'import' });
}
