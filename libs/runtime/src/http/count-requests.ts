import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../database.ts';
import type { Removal } from '../housekeeping.ts';

/** Counts a request under each key; resolves to what each has used in its window, this request included, and when that ends. */
export type CountRequests = (
  keys: readonly { readonly key: string; readonly windowSeconds: number }[],
) => Promise<Map<string, { readonly used: number; readonly resetSeconds: number }>>;

/**
 * Not logged: what a crash of the database forgets are a few minutes' counts, and a count costs no sync. By the database's clock, in one
 * statement that locks its rows in the order of their keys, so that requests which share several can't deadlock.
 */
export const rateLimitTable = [
  `create unlogged table rate_limit (
     key text primary key,
     used int not null,
     resets_at timestamptz not null
   ) with (fillfactor = 50)`,
  `create index rate_limit_resets_at on rate_limit (resets_at)`,
];

export function createRequestCounter(em: EntityManager): CountRequests {
  return async (keys) => {
    const rows = await query<{ key: string; used: number; reset_seconds: number }>(
      em.fork(),
      `insert into rate_limit as r (key, used, resets_at)
       select key, 1, now() + seconds * interval '1 second' from unnest($1::text[], $2::float8[]) as t (key, seconds) order by key
       on conflict (key) do update set
         used = case when r.resets_at <= now() then 1 else r.used + 1 end,
         resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
       returning key, used, extract(epoch from resets_at - now())::float8 as reset_seconds`,
      [keys.map(({ key }) => key), keys.map(({ windowSeconds }) => windowSeconds)],
    );
    return new Map(rows.map((row) => [row.key, { used: row.used, resetSeconds: row.reset_seconds }]));
  };
}

export const endedRateLimits: Removal = {
  name: 'ended rate limits',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from rate_limit where key = any(array(
         select key from rate_limit where resets_at <= now() order by resets_at limit $1 for update skip locked))`,
      [limit],
    );
    return rowCount ?? 0;
  },
};
