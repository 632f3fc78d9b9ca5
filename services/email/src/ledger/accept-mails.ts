import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import type { Claim } from './claim-attempt.ts';
import type { LedgerMail } from './ledger-mail.ts';

/** A mail that nobody has seen yet, as it is first written. */
export interface NewMail extends Pick<
  LedgerMail,
  'id' | 'key' | 'eventId' | 'eventType' | 'mail' | 'class' | 'recipientHash' | 'recipientDomain' | 'acceptedAt'
> {
  readonly expiresAt: Date | null;
  readonly provider: string;
}

/**
 * Steps 1 and 3 of many mails in one statement: each one's row, first attempt and lease are there together or not at all, so there is
 * nothing between them to crash in.
 *
 * @returns for each its claim; undefined when the ledger knows the mail already, and then nothing was written of it
 */
export async function acceptMails(
  em: EntityManager,
  mails: readonly NewMail[],
  leaseMs: number,
): Promise<(Claim | undefined)[]> {
  const accepted = await query<{ id: string; number: number }>(em.fork(), acceptSql, [JSON.stringify(mails), leaseMs]);
  const numbers = new Map(accepted.map(({ id, number }) => [id, number]));
  return mails.map(({ id }) => {
    const number = numbers.get(id);
    return number === undefined ? undefined : { number };
  });
}

/** In the order of their keys: replicas that are given the same events wait for each other one way only. */
const acceptSql = `with fresh as (
    select * from jsonb_to_recordset($1) as row (id uuid, key text, "eventId" text, "eventType" text, mail text, class text,
      "recipientHash" text, "recipientDomain" text, "expiresAt" timestamptz, "acceptedAt" timestamptz, provider text)),
  accepted as (
    insert into mail (id, key, event_id, event_type, mail, class, recipient_hash, recipient_domain, expires_at, accepted_at,
      state, tries, lease_until)
    select id, key, "eventId", "eventType", mail, class, "recipientHash", "recipientDomain", "expiresAt", "acceptedAt",
      'sending', 1, clock_timestamp() + $2 * interval '1 millisecond'
    from fresh order by key
    on conflict (key) do nothing
    returning id, tries)
  insert into mail_attempt (mail_id, number, provider, started_at)
  select id, tries, provider, clock_timestamp() from accepted join fresh using (id)
  returning mail_id as id, number`;
