import { query, withDatabase } from '../database.ts';

/** A mail as the ledger has it. */
export interface MailRow {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly mail: string;
  readonly class: string;
  readonly state: string;
  readonly reason: string | null;
  readonly spent: number;
  readonly acceptedAt: Date;
  readonly settledAt: Date | null;
  readonly nextAttemptAt: Date | null;
  readonly leaseUntil: Date | null;
  readonly expiresAt: Date | null;
  readonly attempts: readonly AttemptRow[];
}

export interface AttemptRow {
  readonly number: number;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly outcome: string | null;
  readonly phase: string | null;
  readonly replyCode: number | null;
  readonly enhancedCode: string | null;
  readonly reason: string | null;
}

/** The mails that the ledger owes, or owed, because of these events; oldest first. The ledger knows nobody's address. */
export async function askEmailDatabase(url: string, eventIds: readonly string[]): Promise<MailRow[]> {
  return withDatabase(url, async (client) => {
    const mails = await query<Omit<MailRow, 'attempts'>>(
      client,
      `select id, event_id as "eventId", event_type as "eventType", mail, class, state, reason, attempts as spent,
              accepted_at as "acceptedAt", settled_at as "settledAt", next_attempt_at as "nextAttemptAt",
              lease_until as "leaseUntil", expires_at as "expiresAt"
       from mail where event_id = any($1::text[]) order by accepted_at, id`,
      [eventIds],
    );
    const attempts = await query<AttemptRow & { mailId: string }>(
      client,
      `select mail_id as "mailId", number, started_at as "startedAt", ended_at as "endedAt", outcome, phase,
              reply_code as "replyCode", enhanced_code as "enhancedCode", reason
       from mail_attempt where mail_id = any($1::uuid[]) order by mail_id, number`,
      [mails.map(({ id }) => id)],
    );
    return mails.map((mail) => ({ ...mail, attempts: attempts.filter(({ mailId }) => mailId === mail.id) }));
  });
}
