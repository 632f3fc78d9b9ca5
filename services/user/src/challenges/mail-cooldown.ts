import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';

/**
 * How often an address may be sent what it may not have asked for, by all flows together. Only mails that are sent count: who asks for
 * some that an address does not get keeps nobody from theirs. Whoever uses the day up for somebody else has sent them, with the last
 * mail, a link that lives as long as the day; since a notice holds none, notices may use half of it.
 */
export interface MailCap {
  /** From one mail to the next. */
  readonly cooldownSeconds: number;
  /** In a day that begins with the first of them. */
  readonly mailsPerDay: number;
}

/** What an address may be sent now. The answer is never told. */
export interface MailTurn {
  readonly isDue: boolean;
  /** For mails without a link that does something. */
  readonly isNoticeDue: boolean;
}

/**
 * Asked for every submitted address, with an account or without. The address's row is the lock that makes concurrent requests for one
 * address take turns.
 */
export async function takeMailTurn(em: EntityManager, addressKey: string, cap: MailCap): Promise<MailTurn> {
  const [turn] = await query<{ isCool: boolean; mails: number }>(
    em,
    `insert into mail_cooldown as c (address_key, last_at, mails) values ($1, '-infinity', 0)
     on conflict (address_key) do update set address_key = excluded.address_key
     returning c.last_at <= now() - $2 * interval '1 second' as "isCool",
       case when ${isNewDay} then 0 else c.mails end as mails`,
    [addressKey, cap.cooldownSeconds],
  );
  const { isCool = false, mails = 0 } = turn ?? {};
  const isDue = isCool && mails < cap.mailsPerDay;
  return { isDue, isNoticeDue: isDue && mails < cap.mailsPerDay / 2 };
}

/** Ends the turn: begins the cooldown anew where a mail goes out. The same statement where none does. */
export async function endMailTurn(em: EntityManager, addressKey: string, isMailed: boolean): Promise<void> {
  await query(
    em,
    `update mail_cooldown c set
       last_at = case when $2::boolean then now() else c.last_at end,
       mails = case when not $2::boolean then c.mails when ${isNewDay} then 1 else c.mails + 1 end,
       mails_since = case when $2::boolean and (c.mails = 0 or ${isNewDay}) then now() else c.mails_since end
     where address_key = $1`,
    [addressKey, isMailed],
  );
}

const isNewDay = `c.mails_since <= now() - interval '1 day'`;
