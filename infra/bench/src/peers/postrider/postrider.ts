import { connectNats, createPublisher, type Nats, on, startDoorbell, startSubscription } from '@postrider/messaging';
import {
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
    openProducer,
    startRelay,
    startConsumer: async (places, options) => startConsumers(places, options, durables),
  };
}

async function openProducer(places: Places, { connections, by }: ProducerOptions): Promise<Producer> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(connect(places, 'producer'));
  const bell = stack.use(startDoorbell({ nats, subject: doorbell, bell: createBell() }));
  await nats.first();
  const { databaseUrl } = places;
  const produce =
    by === 'orm'
      ? await byOrm(stack, databaseUrl, connections, bell)
      : await byPg(stack, databaseUrl, connections, bell);
  const running = stack.move();
  return { produce, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Bell = { ring(): void };

async function byOrm(
  stack: AsyncDisposableStack,
  url: string,
  connections: number,
  bell: Bell,
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
  bell: Bell,
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
  const port = createPublisher({
    nats,
    source: '/bench',
    sequenceFrom: { stream: accountOpened.stream, subject: 'account.v1.>' },
    log,
  });
  stack.use(startOutboxRelay({ databaseUrl: places.databaseUrl, port, bell, log }));
  return stack.move();
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
