import type { ClientBase } from 'pg';

/** How far the relay is behind. */
export interface OutboxStatus {
  /** Events that wait, by stream; exact up to `countLimit`, which stands for "so many or more". */
  readonly pending: Readonly<Record<string, number>>;
  /** Age of the oldest one that waits, in seconds; 0 when none does. */
  readonly oldestSeconds: number;
  /** Events that a stream refuses, and those behind them. Somebody must look. */
  readonly parked: number;
}

/** Looks at the outbox. Costs a millisecond while little waits, and never more than reading `countLimit` rows. */
export async function outboxStatus(
  client: Pick<ClientBase, 'query'>,
  { countLimit = 100_000 }: { readonly countLimit?: number } = {},
): Promise<OutboxStatus> {
  const { rows } = await client.query<{ stream: string; count: number; oldestSeconds: number }>(pendingSql, [
    countLimit,
  ]);
  const { rows: parked } = await client.query<{ count: number }>('select count(*)::int as count from outbox_parked');
  return {
    pending: Object.fromEntries(rows.map(({ stream, count }) => [stream, count])),
    oldestSeconds: Math.max(0, ...rows.map((row) => row.oldestSeconds)),
    parked: parked[0]?.count ?? 0,
  };
}

const pendingSql = `
  select e.stream, count(*)::int as count, extract(epoch from clock_timestamp() - min(e.recorded_at))::float8 as "oldestSeconds"
  from (select id from outbox_pending order by id limit $1) p join outbox_event e using (id)
  group by e.stream`;
