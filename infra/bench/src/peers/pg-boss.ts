import { PgBoss } from 'pg-boss';
import {
  accountTable,
  type AccountOpened,
  accountNumber,
  execute,
  openClients,
  openOrm,
  Account,
  commitByPg,
  openedBy,
} from './account.ts';
import type { Peer, Producer, ProducerOptions } from './peer.ts';
import { CompiledQuery, type Transaction } from 'kysely';
import { now } from '../measure/clock.ts';

const queue = 'opened';

/** https://github.com/timgit/pg-boss: one variant wakes by LISTEN/NOTIFY, the other polls and takes batches of 1,000. */
export function pgBoss(wakes: 'by notify' | 'by polling'): Peer {
  const isNotified = wakes === 'by notify';
  return {
    name: isNotified ? 'pg-boss, notify' : 'pg-boss, polling',
    description: isNotified
      ? 'jobs in PostgreSQL, a partition for the queue, LISTEN/NOTIFY'
      : 'jobs in PostgreSQL, a partition for the queue, polling every 0.5 s, batches of 1,000',
    isTransactional: true,
    needs: [],
    async setUp({ databaseUrl }) {
      await execute(databaseUrl, accountTable);
      await using boss = await open(databaseUrl);
      await boss.createQueue(queue, { notify: isNotified, partition: true, retryLimit: 5, deleteAfterSeconds: 3_600 });
    },
    async fill({ databaseUrl }, count) {
      await using boss = await open(databaseUrl);
      for (let from = 0; from < count; from += 10_000)
        await boss.insert(
          queue,
          Array.from({ length: Math.min(10_000, count - from) }, (_, n) => ({
            data: openedBy(from + n, accountNumber(from + n)),
          })),
        );
      await execute(databaseUrl, 'vacuum analyze');
    },
    openProducer: async ({ databaseUrl }, options) => openProducer(databaseUrl, options),
    async startConsumer({ databaseUrl }, { tunedFor, onHandled }) {
      const boss = await open(databaseUrl, { useListenNotify: isNotified, supervise: true });
      const batchSize = tunedFor === 'latency' ? 50 : isNotified ? 500 : 1_000;
      await boss.work<AccountOpened>(
        queue,
        {
          batchSize,
          localConcurrency: tunedFor === 'latency' ? 2 : isNotified ? 2 : 1,
          pollingIntervalSeconds: 0.5,
          notifyPollingIntervalSeconds: 2,
          burstWhenBatchFull: true,
        },
        async (jobs) => {
          for (const { data } of jobs) onHandled(data.i);
        },
      );
      return boss;
    },
  };
}

type Execute = (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>;

/** Its own `insert`, on the transaction's connection. */
async function openProducer(databaseUrl: string, { connections, by }: ProducerOptions): Promise<Producer> {
  await using stack = new AsyncDisposableStack();
  const boss = stack.use(await open(databaseUrl));
  const enqueue = async (event: AccountOpened, executeSql: Execute): Promise<unknown> =>
    boss.insert(queue, [{ data: event }], { db: { executeSql } });
  const produce =
    by === 'orm'
      ? await byOrm(stack, databaseUrl, connections, enqueue)
      : await byPg(stack, databaseUrl, connections, enqueue);
  const running = stack.move();
  return { produce, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Enqueue = (event: AccountOpened, execute: Execute) => Promise<unknown>;

async function byOrm(
  stack: AsyncDisposableStack,
  url: string,
  connections: number,
  enqueue: Enqueue,
): Promise<Producer['produce']> {
  const { em } = stack.use(await openOrm(url, connections));
  return async (index) => {
    await em.fork().transactional(async (em) => {
      const account = em.create(Account, accountNumber(index), { persist: true });
      await em.flush();
      const transaction = em.getTransactionContext<Transaction<unknown>>();
      await enqueue(openedBy(index, account), async (text, values = []) => {
        const result = await transaction?.executeQuery(CompiledQuery.raw(text, values));
        return { rows: result?.rows ?? [] };
      });
    });
    return now();
  };
}

async function byPg(
  stack: AsyncDisposableStack,
  url: string,
  connections: number,
  enqueue: Enqueue,
): Promise<Producer['produce']> {
  const { clients } = stack.use(await openClients(url, connections));
  return async (index, lane) => {
    const client = clients[lane % connections];
    if (client === undefined) throw new Error(`There is no connection ${lane}.`);
    const account = accountNumber(index);
    await commitByPg(client, account, async () =>
      enqueue(openedBy(index, account), async (text, values = []) =>
        client.query({ name: 'insert-job', text, values }),
      ),
    );
    return now();
  };
}

async function open(databaseUrl: string, more: object = {}): Promise<PgBoss & AsyncDisposable> {
  const boss = new PgBoss({ connectionString: databaseUrl, schedule: false, supervise: false, max: 10, ...more });
  boss.on('error', (error) => process.stderr.write(`pg-boss: ${String(error)}\n`));
  await boss.start();
  return Object.assign(boss, { [Symbol.asyncDispose]: async () => boss.stop({ graceful: false }) });
}
