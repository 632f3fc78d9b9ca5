import type { MikroORM } from '@mikro-orm/postgresql';
import { Client, type ClientConfig, type Pool } from 'pg';

interface Answer {
  readonly readonly: string;
}

const question = `select current_setting('transaction_read_only') as readonly`;

/**
 * Resolves when the database answers and takes writes. Asked over a connection of the pool, which is open already, or over one of its own
 * when all of the pool's are taken: in the queue behind a flood the question would wait until it counts as unanswered, and a service
 * that is only busy would call itself unready.
 */
export async function probeDatabase(orm: MikroORM, pool: Pool | undefined, apart: ClientConfig): Promise<void> {
  const [answer] = isTaken(pool) ? await askApart(apart) : await orm.em.getConnection().execute<Answer[]>(question);
  if (answer?.readonly !== 'off') throw new Error('The database takes no writes.');
}

function isTaken(pool: Pool | undefined): boolean {
  return pool?.idleCount === 0 && pool.totalCount >= pool.options.max;
}

async function askApart(config: ClientConfig): Promise<Answer[]> {
  const client = new Client({ ...config, application_name: 'probe' });
  client.on('error', () => undefined); // The query in flight rejects on its own.
  try {
    await client.connect();
    return (await client.query<Answer>(question)).rows;
  } finally {
    await client.end();
  }
}
