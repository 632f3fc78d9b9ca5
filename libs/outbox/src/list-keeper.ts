import type { Logger } from 'pino';
import type { Pool, PoolClient } from 'pg';
import type { Lease } from './lease.ts';
import { fence } from './pending-events.ts';

/**
 * The theory. Rows that were deleted from the list stay in its table and index until vacuum removes them, and vacuum removes nothing that some
 * open transaction, on whatever table, might still see. Somebody who holds one open for minutes makes every read of the list step over
 * each row that was ever deleted since. (The log is never updated and has no such rows.)
 *
 * The remedy is a new, empty table: TRUNCATE asks no transaction what it can see. It must not lose what is being inserted, and
 * nobody may wait for it. Both come from the lock: an insert that is not committed holds ROW EXCLUSIVE on the list, so ACCESS EXCLUSIVE is
 * only had while there is none, and NOWAIT means that we never stand in the queue, where every later writer would have to stand behind
 * us. Refused, we try again after a later page. With the lock held, what is committed is all there is: it is read, the table truncated
 * and the few rows put back, one to eight milliseconds in all. The holder reads the lease's row in the same transaction.
 *
 * It can't help against a transaction that touched the list itself (a dump): then reads grow until that ends, as they would have.
 *
 * A transaction of isolation REPEATABLE READ or higher that took its snapshot before and looks at the list for the first time after sees
 * it empty (https://www.postgresql.org/docs/current/mvcc-caveats.html): lock the list in it first, as dumps do.
 */
export interface ListKeeper {
  /** Measures a read of the list. */
  timed<Row>(read: () => Promise<Row[]>): Promise<Row[]>;
  /** So many rows were deleted. */
  removed(count: number): void;
  /** Rewrites the list if it has become slow. */
  care(): Promise<void>;
}

export interface ListKeeperOptions {
  readonly pool: Pool;
  readonly lease: Lease;
  readonly leaseName: string;
  readonly log: Logger;
  /** Deletes that must have come together; fewer can't be what makes it slow. */
  readonly deletes: number;
  /** Median of the last reads above which it is slow. */
  readonly slowMs: number;
}

/** Rows that the list may have: with more, the time goes into what is there. */
const fewRows = 100;
const readsToJudge = 9;

export function createListKeeper(options: ListKeeperOptions): ListKeeper {
  const { deletes, slowMs, log } = options;
  let deleted = 0;
  let times: number[] = [];
  return {
    async timed(read) {
      const started = performance.now();
      const rows = await read();
      if (rows.length < fewRows) times = [...times.slice(1 - readsToJudge), performance.now() - started];
      return rows;
    },
    removed(count) {
      deleted += count;
    },
    async care() {
      const median = times.toSorted((a, b) => a - b)[readsToJudge >> 1] ?? 0;
      if (deleted < deletes || times.length < readsToJudge || median < slowMs) return;
      const rows = await rewriteList(options);
      log.debug({ deleted, median, rows }, rows === undefined ? 'list busy: not rewritten' : 'list rewritten');
      times = []; // Judge anew, and not at once again when it was refused.
      if (rows !== undefined) deleted = 0;
    },
  };
}

/**
 * Replaces the table behind the list by a fresh one with the same rows.
 *
 * @returns how many rows it has; undefined when it was left as it was, because somebody writes, it is long, or the lease is another's
 */
export async function rewriteList({
  pool,
  lease,
  leaseName,
}: Pick<ListKeeperOptions, 'pool' | 'lease' | 'leaseName'>): Promise<number | undefined> {
  const client = await pool.connect();
  let isOver = false;
  try {
    await client.query('begin');
    const rows = await rewrite(client, leaseName, lease);
    await client.query(rows === undefined ? 'rollback' : 'commit');
    isOver = true;
    return rows;
  } catch (error) {
    if (isLockRefused(error)) return undefined;
    throw error;
  } finally {
    if (!isOver) await client.query('rollback').catch(() => undefined); // The connection may be what failed.
    client.release();
  }
}

async function rewrite(client: PoolClient, name: string, { owner, epoch }: Lease): Promise<number | undefined> {
  await client.query('lock table outbox_pending in access exclusive mode nowait');
  const { rows } = await client.query<{ id: string; generation: string | null }>(
    `select id, generation from outbox_pending order by id limit $1`,
    [fewRows * 10],
  );
  if (rows.length === fewRows * 10) return undefined;
  const { rowCount } = await client.query(`select 1 where ${fence(1)}`, [name, owner, epoch]);
  if (rowCount === 0) return undefined;
  await client.query('truncate outbox_pending');
  await client.query('insert into outbox_pending (id, generation) select * from unnest($1::bigint[], $2::bigint[])', [
    rows.map(({ id }) => id),
    rows.map(({ generation }) => generation),
  ]);
  return rows.length;
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: lock_not_available. */
function isLockRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}
