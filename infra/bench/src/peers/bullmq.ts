import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { now } from '../measure/clock.ts';
import type { Places } from '../places.ts';
import {
  type AccountOpened,
  accountNumber,
  accountTable,
  execute,
  openClients,
  openedBy,
  openOrm,
  Account,
} from './account.ts';
import type { Peer, Producer, ProducerOptions } from './peer.ts';

const queueName = 'opened';
const jobOptions = { removeOnComplete: true, removeOnFail: 1_000, attempts: 5 };

/** https://bullmq.io on Redis (append-only file, fsync every second): a dual write, which loses the event when the process dies in between. */
export const bullmq: Peer = {
  name: 'BullMQ on Redis',
  description: 'account committed, then queue.add on Redis (appendfsync everysec): two writes, the event can be lost',
  isTransactional: false,
  needs: ['redis'],
  setUp: async ({ databaseUrl }) => execute(databaseUrl, accountTable),
  async fill(places, count) {
    await using queue = openQueue(places);
    for (let from = 0; from < count; from += 2_000)
      await queue.addBulk(
        Array.from({ length: Math.min(2_000, count - from) }, (_, n) => ({
          name: queueName,
          data: openedBy(from + n, accountNumber(from + n)),
        })),
      );
  },
  async openProducer(places, options): Promise<Producer> {
    await using stack = new AsyncDisposableStack();
    const queue = stack.use(openQueue(places));
    await queue.waitUntilReady();
    const commit = await accountWriter(stack, places.databaseUrl, options);
    const running = stack.move();
    return {
      async produce(index, lane) {
        const event = await commit(index, lane);
        const committedAt = now();
        await queue.add(queueName, event);
        return committedAt;
      },
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
  async startConsumer(places, { onHandled }) {
    const worker = new Worker<AccountOpened>(queueName, async ({ data }) => onHandled(data.i), {
      connection: redisAt(places),
      concurrency: 100,
    });
    worker.on('error', (error) => process.stderr.write(`bullmq: ${String(error)}\n`));
    await worker.waitUntilReady();
    return { [Symbol.asyncDispose]: async () => worker.close(true) };
  },
};

async function accountWriter(
  stack: AsyncDisposableStack,
  url: string,
  { connections, by }: ProducerOptions,
): Promise<(index: number, lane: number) => Promise<AccountOpened>> {
  if (by === 'orm') {
    const { em } = stack.use(await openOrm(url, connections));
    return async (index) => {
      const account = accountNumber(index);
      const fork = em.fork();
      fork.create(Account, account, { persist: true });
      await fork.flush();
      return openedBy(index, account);
    };
  }
  const { clients } = stack.use(await openClients(url, connections));
  return async (index, lane) => {
    const account = accountNumber(index);
    await clients[lane % connections]?.query({
      name: 'insert-account',
      text: 'insert into account (id, email, name, created_at) values ($1, $2, $3, $4)',
      values: [account.id, account.email, account.name, account.createdAt],
    });
    return openedBy(index, account);
  };
}

function openQueue(places: Places): Queue & AsyncDisposable {
  const queue = new Queue(queueName, {
    connection: redisAt(places),
    defaultJobOptions: jobOptions,
    streams: { events: { maxLen: 1_000 } },
  });
  return Object.assign(queue, { [Symbol.asyncDispose]: async () => queue.close() });
}

/** A connection of its own for each queue and worker, which they close; without it they look for `require`. */
function redisAt({ redisPort }: Places): Redis {
  if (redisPort === undefined) throw new Error('BullMQ needs Redis.');
  return new Redis(redisPort, '127.0.0.1', { maxRetriesPerRequest: null });
}
