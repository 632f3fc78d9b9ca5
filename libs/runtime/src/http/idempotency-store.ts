import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../database.ts';
import type { Removal } from '../housekeeping.ts';

/** One request's hold on a key. */
export interface Claim {
  /** The key, its route and its client, hashed. */
  readonly id: string;
  /** The request's body, hashed. */
  readonly fingerprint: string;
  /** Names this hold: who comes after it ended has another. */
  readonly claim: string;
}

export interface IdempotencyStore {
  /** Takes the key, or says what holds it; `answer` is null while that is being worked on. */
  claim(claim: Claim): Promise<'claimed' | { readonly fingerprint: string; readonly answer: Uint8Array | null }>;
  /** Keeps the answer for who asks again. */
  complete(claim: Claim, answer: Uint8Array): Promise<void>;
  /** Gives the key back. */
  release(claim: Claim): Promise<void>;
}

export const idempotencyTable = [
  `create table idempotency_key (
     id text primary key,
     fingerprint text not null,
     claim uuid not null,
     claimed_until timestamptz not null,
     answer bytea,
     expires_at timestamptz not null
   )`,
  `create index idempotency_key_expires_at on idempotency_key (expires_at)`,
];

export function createIdempotencyStore(em: EntityManager): IdempotencyStore {
  const run = async <Row>(sql: string, parameters: unknown[]): Promise<Row[]> => query<Row>(em.fork(), sql, parameters);
  return {
    async claim({ id, fingerprint, claim }) {
      const claimed = await run(
        `insert into idempotency_key as k (id, fingerprint, claim, claimed_until, expires_at)
         values ($1, $2, $3, now() + interval '1 minute', now() + interval '24 hours')
         on conflict (id) do update set fingerprint = excluded.fingerprint, claim = excluded.claim, answer = null,
           claimed_until = excluded.claimed_until, expires_at = excluded.expires_at
         where k.expires_at <= now()
           or (k.answer is null and k.claimed_until <= now() and k.fingerprint = excluded.fingerprint)
         returning 1`,
        [id, fingerprint, claim],
      );
      if (claimed.length === 1) return 'claimed';
      const [former] = await run<{ fingerprint: string; answer: Uint8Array | null }>(
        'select fingerprint, answer from idempotency_key where id = $1',
        [id],
      );
      return former ?? { fingerprint, answer: null }; // Given back just now: the client may try again.
    },
    async complete({ id, claim }, answer) {
      await run('update idempotency_key set answer = $3 where id = $1 and claim = $2', [id, claim, answer]);
    },
    async release({ id, claim }) {
      await run('delete from idempotency_key where id = $1 and claim = $2 and answer is null', [id, claim]);
    },
  };
}

export const endedIdempotencyKeys: Removal = {
  name: 'ended idempotency keys',
  async remove(client, limit) {
    const { rowCount } = await client.query(
      `delete from idempotency_key where id = any(array(
         select id from idempotency_key where expires_at <= now() order by expires_at limit $1 for update skip locked))`,
      [limit],
    );
    return rowCount ?? 0;
  },
};
