import type { Pool, PoolClient } from 'pg';

/**
 * Gives a pool back the places of connections that were lost in the middle of a transaction.
 *
 * The theory. kysely returns a transaction's connection to the pool when COMMIT or ROLLBACK succeeds. When the server dies or hangs
 * both fail, and the place is held for ever: after as many lost transactions as the pool has places nothing works any more,
 * though the database is back, and the pool can't be closed. So: a connection that ended while it was held is released as broken,
 * a moment later, when its holder has had its errors; a query that timed out ends its connection, since the server may
 * still be at it and nobody must get its late answer; and so does one whose error is the server's farewell, or whoever is next would be
 * handed a connection that is about to close.
 */
export function reclaimLostConnections(pool: Pool): void {
  const held = new Set<PoolClient>();
  pool.on('acquire', (client) => held.add(client));
  pool.on('release', (_error, client) => held.delete(client));
  pool.on('connect', (client) => {
    endWhenUseless(client);
    client.once('end', () => setTimeout(() => held.delete(client) && client.release(true), holderHasHadItsErrorsMs));
  });
}

const holderHasHadItsErrorsMs = 100;

function endWhenUseless(client: PoolClient): void {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const watched = (...parameters: unknown[]): unknown => {
    const result = query(...parameters);
    if (result instanceof Promise) {
      result.catch((error: unknown) => {
        // A pool's clients have `end`, though their type hides it; with a query under way it cuts the connection.
        if (error instanceof Error && isTheLastOf(error)) void (client as PoolClient & { end(): Promise<void> }).end();
      });
    }
    return result;
  };
  client.query = watched as typeof client.query; // The same call, watched.
}

/**
 * After 57P0x (shutting down, terminated) and 25P03 or 25P04 (idle or too long in a transaction) the server closes the connection. After 26000 it
 * does not know a statement that was prepared, and would not know it the next time either.
 */
function isTheLastOf(error: Error & { code?: unknown }): boolean {
  return (
    error.message === 'Query read timeout' ||
    (typeof error.code === 'string' && /^(57P0.|25P0[34]|26000)$/.test(error.code))
  );
}
