import { now } from '../measure/clock.ts';
import { Account, accountNumber, accountTable, commitByPg, execute, openClients, openOrm } from './account.ts';
import type { Peer, Producer, ProducerOptions } from './peer.ts';

/** The limit: the same transactions without any event. */
export const noEvents: Peer = {
  name: 'no events',
  description: 'the same transactions, and nothing to tell anybody',
  isTransactional: true,
  needs: [],
  setUp: async ({ databaseUrl }) => execute(databaseUrl, accountTable),
  async fill() {
    throw new Error('There is nothing to fill.');
  },
  async startConsumer() {
    throw new Error('There is nothing to consume.');
  },
  async openProducer({ databaseUrl }, { connections, by }: ProducerOptions): Promise<Producer> {
    if (by === 'pg') {
      const opened = await openClients(databaseUrl, connections);
      return {
        async produce(index, lane) {
          const client = opened.clients[lane % connections];
          if (client !== undefined) await commitByPg(client, accountNumber(index), async () => undefined);
          return now();
        },
        [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
      };
    }
    const orm = await openOrm(databaseUrl, connections);
    return {
      async produce(index) {
        await orm.em.fork().transactional(async (em) => {
          em.create(Account, accountNumber(index), { persist: true });
          await em.flush();
        });
        return now();
      },
      [Symbol.asyncDispose]: async () => orm[Symbol.asyncDispose](),
    };
  },
};
