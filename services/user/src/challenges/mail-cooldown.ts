import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';

/** How often an address may be sent what it may not have asked for. */
export interface MailCap {
  /** From one mail to the next. */
  readonly cooldownSeconds: number;
  /** In a day that begins with the first of them. The link of the last one works for as long, so nobody is locked out by a stranger. */
  readonly mailsPerDay: number;
}

/**
 * Whether an address may be sent something it may not have asked for, and if so starts its cooldown anew. Asked for every submitted
 * address, with an account or without, and by all flows together; the answer is never told. Its row is the lock that makes
 * concurrent requests for one address wait for each other.
 */
export async function mayMail(em: EntityManager, addressKey: string, cap: MailCap): Promise<boolean> {
  const started = await query(
    em,
    `insert into mail_cooldown as c (address_key, last_at) values ($1, now())
     on conflict (address_key) do update set last_at = now(),
       mails = case when ${isNewDay} then 1 else c.mails + 1 end,
       mails_since = case when ${isNewDay} then now() else c.mails_since end
     where c.last_at <= now() - $2 * interval '1 second' and (c.mails < $3 or ${isNewDay})
     returning 1`,
    [addressKey, cap.cooldownSeconds, cap.mailsPerDay],
  );
  return started.length === 1;
}

const isNewDay = `c.mails_since <= now() - interval '1 day'`;
