import type { Pool } from 'pg';

export interface ReleaseParked {
  readonly stream: string;
  readonly aggregateId: string;
}

/**
 * Puts an aggregate's parked events back on the to-do list, the refused one and those behind it, in their old order: once its cause is
 * mended (a larger limit, a corrected permission). One that is refused again is parked again.
 *
 * The theory. The relay moves events that are blocked when it looks. Without the lock it could look, see the parked one, and move a
 * later event behind it after this has released everything: that one would wait for ever. The lock lets either end before the
 * other begins, and readers are not disturbed.
 *
 * @returns how many events were put back
 */
export async function releaseParked(pool: Pool, { stream, aggregateId }: ReleaseParked): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('lock table outbox_parked in share row exclusive mode');
    const { rowCount } = await client.query(releaseSql, [stream, aggregateId]);
    await client.query('commit');
    return rowCount ?? 0;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // The connection may be what failed.
    throw error;
  } finally {
    client.release();
  }
}

const releaseSql = `
  with back as (delete from outbox_parked where stream = $1 and aggregate_id = $2 returning id, generation)
  insert into outbox_pending (id, generation) select id, generation from back`;
