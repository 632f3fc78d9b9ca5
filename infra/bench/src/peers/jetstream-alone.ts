import { jetstream } from '@nats-io/jetstream';
import { applyTopologyTo } from '@postrider/local';
import { connectNats, createPublisher } from '@postrider/messaging';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { natsAt } from '../places.ts';
import { accountNumber, openedBy } from './account.ts';
import type { Peer } from './peer.ts';
import { accountOpened } from './postrider/contract.ts';
import { benchConsumer, benchTopology, durableNumber } from './postrider/topology.ts';

const log = pino({ level: 'silent' });
const batch = 1_000;

/** The limit of a consumer: the same messages from the same stream, by the client as it is, with nothing before or after. */
export const jetstreamAlone: Peer = {
  name: 'JetStream alone',
  description:
    'the events are in the stream already; the client’s own consumer, the number read from JSON, acknowledged unconfirmed',
  isTransactional: false,
  needs: ['nats'],
  setUp: async (places) => applyTopologyTo({ url: natsAt(places), topology: benchTopology(1), log }),
  async fill(places, count) {
    await using nats = connectNats({ url: natsAt(places), name: 'filler', log });
    await nats.first();
    const publisher = createPublisher({ nats, source: '/bench', log });
    let former: Promise<unknown> = Promise.resolve();
    for (let from = 0; from < count; from += batch) {
      const events = Array.from({ length: Math.min(batch, count - from) }, (_, n) => event(from + n));
      const staged = publisher.stageBatch(events); // While the one before is stored, as the relay does.
      await former;
      former = staged.commit();
    }
    await former;
  },
  async openProducer() {
    throw new Error('Nothing is committed here.');
  },
  async startConsumer(places, { onHandled }) {
    const nats = connectNats({ url: natsAt(places), name: 'consumer', log });
    const { stream_name: stream, config } = benchConsumer(durableNumber(0));
    const consumer = await jetstream(await nats.first()).consumers.get(stream, config.durable_name);
    await consumer.consume({
      max_messages: config.max_ack_pending ?? 1_000,
      callback(message) {
        onHandled(message.json<{ i: number }>().i);
        message.ack();
      },
    });
    return nats;
  },
};

function event(index: number): Parameters<ReturnType<typeof createPublisher>['publish']>[0] {
  const { payload, ...opened } = accountOpened.create(openedBy(index, accountNumber(index)));
  const eventId = uuidv7();
  const recorded = { id: String(index + 1), eventId, messageId: eventId, recordedAt: new Date(), expiresAt: null };
  return { ...opened, ...recorded, headers: {}, body: JSON.stringify(payload) };
}
