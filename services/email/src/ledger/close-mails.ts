import type { EntityManager } from '@mikro-orm/postgresql';
import type { DomainEvent } from '@postrider/contracts';
import { type Bell, unitOfWork } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import type { LedgerMail } from './ledger-mail.ts';
import type { AttemptOutcome } from './mail-attempt.ts';

/** What is written of a mail at the end of an attempt. */
export interface Closing {
  readonly mailId: string;
  /** The attempt's. */
  readonly number: number;
  /** False: closed by another than its owner, which is right only when its lease is over. */
  readonly isOwners: boolean;
  readonly state: LedgerMail['state'];
  readonly outcome: AttemptOutcome;
  readonly reason: string;
  readonly spent: 0 | 1;
  readonly ambiguous: 0 | 1;
  readonly nextAttemptAt: Date | null;
  readonly durable: string | null;
  readonly sourceStream: string | null;
  readonly sourceSequence: number | null;
  readonly phase: string | null;
  readonly replyCode: number | null;
  readonly enhancedCode: string | null;
  readonly settledAt: Date | null;
  readonly endedAt: Date;
  /** Told to others when the mail is closed by this. */
  readonly fact: (DomainEvent & { readonly headers: Readonly<Record<string, string>> }) | undefined;
}

/**
 * Mails, their attempts and the facts about them in one transaction: an attempt's row changes, and its fact is told, when the mail's row
 * does, and only then.
 *
 * @returns for each whether it is closed by this; false when its attempt was closed before, or is another's
 */
export async function closeMails(
  context: { readonly em: EntityManager; readonly bell: Pick<Bell, 'ring'> },
  closings: readonly Closing[],
): Promise<boolean[]> {
  const rows = JSON.stringify(closings.map(({ fact: _fact, ...row }) => row));
  return unitOfWork(context, async ({ em, record }) => {
    const closed = new Set(
      (await query<{ attempt: string }>(em, closeSql, [rows, closings.map(({ mailId }) => mailId)])).map(
        ({ attempt }) => attempt,
      ),
    );
    const isClosed = ({ mailId, number }: Closing): boolean => closed.has(`${mailId} ${number}`);
    for (const closing of closings) if (closing.fact !== undefined && isClosed(closing)) record(closing.fact);
    return closings.map(isClosed);
  });
}

/** The ids a second time, as an array: of that the planner knows the length, and takes the index from the first row on. */
const closeSql = `with closing as (
    select * from jsonb_to_recordset($1) as row ("mailId" uuid, number int, "isOwners" boolean, state text, outcome text,
      reason text, spent int, ambiguous int, "nextAttemptAt" timestamptz, durable text, "sourceStream" text,
      "sourceSequence" bigint, phase text, "replyCode" int, "enhancedCode" text, "settledAt" timestamptz, "endedAt" timestamptz)),
  closed as (
    update mail set state = closing.state, reason = closing.reason, attempts = attempts + spent,
      ambiguities = ambiguities + ambiguous, lease_until = null, next_attempt_at = "nextAttemptAt", durable = closing.durable,
      source_stream = "sourceStream", source_sequence = "sourceSequence", settled_at = "settledAt"
    from closing
    where mail.id = any($2::uuid[]) and mail.id = "mailId" and mail.state = 'sending' and tries = number
      and ("isOwners" or lease_until < clock_timestamp())
    returning closing.*)
  update mail_attempt set outcome = closed.outcome, reason = closed.reason, phase = closed.phase,
    reply_code = "replyCode", enhanced_code = "enhancedCode", ended_at = "endedAt"
  from closed where mail_id = "mailId" and mail_attempt.number = closed.number
  returning mail_id || ' ' || mail_attempt.number as attempt`;
