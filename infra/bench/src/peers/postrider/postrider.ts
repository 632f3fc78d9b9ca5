import { connectNats, createPublisher, type Nats, on, startDoorbell, startSubscription } from '@postrider/messaging';
import {
  type Bell,
  createBell,
  outboxSchemaV1,
  outboxSchemaV2,
  outboxSchemaV3,
  prepareRecording,
  startRelay as startOutboxRelay,
  unitOfWork,
} from '@postrider/outbox';
import { applyTopologyTo } from '@postrider/local';
import { pino } from 'pino';
import { natsAt, type Places } from '../../places.ts';
import { now } from '../../measure/clock.ts';
import {
  Account,
  accountNumber,
  accountTable,
  commitByPg,
  execute,
  openClients,
  openedBy,
  openedInSql,
  openOrm,
  traceparent,
} from '../account.ts';
import type { ConsumerOptions, Peer, Producer, ProducerOptions } from '../peer.ts';
import { accountOpened } from './contract.ts';
import { insertOutboxRow } from './insert-outbox-row.ts';
import { benchConsumer, benchTopology, durableNumber } from './topology.ts';

// As in production: lines about each event are written, each at once.
const log = pino({ level: 'info' }, pino.destination({ dest: '/dev/null', sync: true }));
const doorbell = 'svc.bench.outbox';
const headers = { traceparent };

/** The product's own path: unit of work, outbox, relay in a process of its own, JetStream, subscription. */
export function postrider(durables = 1): Peer {
  return {
    name: durables === 1 ? 'postrider' : `postrider, ${durables} durables`,
    description: 'unit of work, outbox, relay by itself, JetStream (R1, file), durable consumer, default settings',
    isTransactional: true,
    needs: ['nats'],
    async setUp({ databaseUrl, natsUrl, natsReplicas }) {
      await execute(databaseUrl, accountTable, ...outboxSchemaV1, ...outboxSchemaV2, ...outboxSchemaV3);
      await applyTopologyTo({ url: natsAt({ natsUrl }), topology: benchTopology(durables, natsReplicas), log });
    },
    fill: async ({ databaseUrl }, count) => execute(databaseUrl, fillSql(count), 'vacuum analyze'),
    openProducer: async (places, options) => openProducer(places, options),
    startRelay,
    startConsumer: async (places, options) => startConsumers(places, options, durables),
  };
}

/** The same with the relay in the service that commits, as it runs unless it is told otherwise (`RELAY_ENABLED`). */
export function postriderInOne(): Peer {
  const { startRelay: _alone, ...alone } = postrider();
  return {
    ...alone,
    name: 'postrider, relay in the service',
    description: 'as above, but the relay runs in the process that commits, as it does by default',
    openProducer: async (places, options) => openProducer(places, options, { hasRelay: true }),
  };
}

async function openProducer(
  places: Places,
  { connections, by }: ProducerOptions,
  { hasRelay } = { hasRelay: false },
): Promise<Producer> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(connect(places, 'producer'));
  const ownBell = createBell();
  const bell = stack.use(startDoorbell({ nats, subject: doorbell, bell: ownBell }));
  await nats.first();
  if (hasRelay) stack.use(startRelayOn(places, nats, ownBell));
  const { databaseUrl } = places;
  const produce =
    by === 'orm'
      ? await byOrm(stack, databaseUrl, connections, bell)
      : await byPg(stack, databaseUrl, connections, bell);
  const running = stack.move();
  return { produce, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function byOrm(
  stack: AsyncDisposableStack,
  url: string,
  connections: number,
  bell: Pick<Bell, 'ring'>,
): Promise<Producer['produce']> {
  const { em } = stack.use(await openOrm(url, connections, { pipeline: true, onPoolCreated: prepareRecording }));
  return async (index) => {
    await unitOfWork({ em, bell, headers }, async ({ em, record }) => {
      const account = em.create(Account, accountNumber(index), { persist: true });
      record(accountOpened.create(openedBy(index, account)));
    });
    return now();
  };
}

async function byPg(
  stack: AsyncDisposableStack,
  url: string,
  connections: number,
  bell: Pick<Bell, 'ring'>,
): Promise<Producer['produce']> {
  const { clients } = stack.use(await openClients(url, connections));
  return async (index, lane) => {
    const client = clients[lane % clients.length];
    if (client === undefined) throw new Error(`There is no connection ${lane}.`);
    const account = accountNumber(index);
    const event = accountOpened.create(openedBy(index, account));
    await commitByPg(client, account, async () => insertOutboxRow(client, event, headers));
    bell.ring();
    return now();
  };
}

async function startRelay(places: Places): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(connect(places, 'relay'));
  const bell = createBell();
  stack.use(startDoorbell({ nats, subject: doorbell, bell }));
  await nats.first();
  stack.use(startRelayOn(places, nats, bell));
  return stack.move();
}

function startRelayOn({ databaseUrl }: Places, nats: Nats, bell: Bell): AsyncDisposable {
  const sequenceFrom = { stream: accountOpened.stream, subject: 'account.v1.>' };
  const port = createPublisher({ nats, source: '/bench', sequenceFrom, log });
  return startOutboxRelay({ databaseUrl, port, bell, log });
}

async function startConsumers(
  places: Places,
  { tunedFor, onHandled }: ConsumerOptions,
  durables: number,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(connect(places, 'consumer'));
  await nats.first();
  for (let index = 0; index < durables; index++)
    stack.use(
      startSubscription({
        nats,
        declaration: benchConsumer(durableNumber(index)),
        handlers: [on(accountOpened, async ({ data }) => onHandled(data.i))],
        concurrency: tunedFor === 'latency' ? 16 : 256,
        log,
      }),
    );
  return stack.move();
}

function connect({ natsUrl }: Pick<Places, 'natsUrl'>, name: string): Nats {
  return connectNats({ url: natsAt({ natsUrl }), name, log });
}

/** Every event of another account, as registrations are. */
const fillSql = (count: number): string => `with numbered as (
    select g, ${openedInSql} as payload from generate_series(0, ${count - 1}) g),
  recorded as (
    insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
    select gen_random_uuid(), '${accountOpened.stream}', payload ->> 'userId', '${accountOpened.type}',
      'account.v1.opened.' || (payload ->> 'userId'), '${JSON.stringify(headers)}', payload
    from numbered order by g returning id)
  insert into outbox_pending (id) select id from recorded`;
