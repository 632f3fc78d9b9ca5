import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';

/**
 * Whether an address may be sent something it may not have asked for, and if so starts its cooldown anew. Asked for every submitted
 * address, with an account or without, and by all flows together; the answer is never told. Its row is the lock that makes
 * concurrent requests for one address wait for each other.
 */
export async function mayMail(em: EntityManager, addressKey: string, cooldownSeconds: number): Promise<boolean> {
  const started = await query(
    em,
    `insert into mail_cooldown as c (address_key, last_at) values ($1, now())
     on conflict (address_key) do update set last_at = now() where c.last_at <= now() - $2 * interval '1 second'
     returning 1`,
    [addressKey, cooldownSeconds],
  );
  return started.length === 1;
}
