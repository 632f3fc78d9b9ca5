import type { Transaction } from 'kysely';
import { CompiledQuery } from 'kysely';
import { now } from '../measure/clock.ts';
import { Account, accountNumber, commitByPg, openClients, openedBy, openOrm, type AccountOpened } from './account.ts';
import type { Producer, ProducerOptions } from './peer.ts';

/** A prepared statement that enqueues one event. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A producer for queues that live in the database: account and job in one transaction of four round trips, by MikroORM or by `pg`. */
export async function producerInOneTransaction(
  databaseUrl: string,
  { connections, by }: ProducerOptions,
  enqueue: (event: AccountOpened) => Statement,
): Promise<Producer> {
  return by === 'orm' ? byOrm(databaseUrl, connections, enqueue) : byPg(databaseUrl, connections, enqueue);
}

async function byOrm(
  databaseUrl: string,
  connections: number,
  enqueue: (event: AccountOpened) => Statement,
): Promise<Producer> {
  const orm = await openOrm(databaseUrl, connections);
  return {
    async produce(index) {
      await orm.em.fork().transactional(async (em) => {
        const account = em.create(Account, accountNumber(index), { persist: true });
        await em.flush();
        const { text, values } = enqueue(openedBy(index, account));
        const transaction = em.getTransactionContext<Transaction<unknown>>();
        await transaction?.executeQuery(CompiledQuery.raw(text, [...values]));
      });
      return now();
    },
    [Symbol.asyncDispose]: async () => orm[Symbol.asyncDispose](),
  };
}

async function byPg(
  databaseUrl: string,
  connections: number,
  enqueue: (event: AccountOpened) => Statement,
): Promise<Producer> {
  const opened = await openClients(databaseUrl, connections);
  return {
    async produce(index, lane) {
      const client = opened.clients[lane % connections];
      if (client === undefined) throw new Error(`There is no connection ${lane}.`);
      const account = accountNumber(index);
      const { values, ...statement } = enqueue(openedBy(index, account));
      await commitByPg(client, account, async () => client.query({ ...statement, values: [...values] }));
      return now();
    },
    [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
  };
}
