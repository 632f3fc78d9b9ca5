import type { ClientBase } from 'pg';

export interface RemoveOldEvents {
  /** Age at which an event may leave the log. */
  readonly olderThanDays: number;
  /** At most so many rows go in this statement. */
  readonly limit: number;
}

/**
 * Removes the oldest events from the log, one small statement; never one that is pending or parked, however old. Call it again until it
 * removes none.
 *
 * Numbers follow time but for the length of a transaction, so the first rows by number are the oldest: the statement looks at
 * those alone, by primary key, and needs no index over `recorded_at`, which every insert would pay for. What is pending or parked is stepped
 * over before the rows are counted, or a thousand parked events at the front would keep all others for ever.
 *
 * @returns how many rows went
 */
export async function removeOldEvents(
  client: Pick<ClientBase, 'query'>,
  { olderThanDays, limit }: RemoveOldEvents,
): Promise<number> {
  const { rowCount } = await client.query(removeSql, [olderThanDays, limit]);
  return rowCount ?? 0;
}

const removeSql = `
  delete from outbox_event
  where recorded_at < now() - $1 * interval '1 day'
    and id = any(array(
      select e.id from outbox_event e
      where not exists (select from outbox_pending p where p.id = e.id)
        and not exists (select from outbox_parked k where k.id = e.id)
      order by e.id
      limit $2))`;
