import type { MessageSource } from '@postrider/messaging';
import { query } from '@postrider/runtime/database';
import type { LedgerContext } from './ledger-context.ts';
import { LedgerMail } from './ledger-mail.ts';
import { pointAt } from './record-fate.ts';

/** A released message that nobody has handled for so long is released again: the stream may have lost it. */
const releasedMs = 15 * 60_000;
/** How long a replica may take to release what it has claimed. */
const claimMs = 60_000;

/** How long until the first mail of each durable that waits is due; 0 or less when it is. What a replica is releasing is left out. */
export async function untilDueMs(
  { em }: LedgerContext,
  durables: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await query<{ durable: string; ms: number }>(
    em.fork(),
    `select durable, ceil(extract(epoch from min(next_attempt_at) - clock_timestamp()) * 1000)::float8 as ms
     from mail
     where state = 'retry_wait' and durable = any($1) and (lease_until is null or lease_until < clock_timestamp())
     group by durable`,
    [durables],
  );
  return new Map(rows.map(({ durable, ms }) => [durable, ms]));
}

/**
 * Takes mails that are due, for this replica alone: another that looks at the same time steps over them. Whoever dies here leaves
 * them to others after a minute.
 */
export async function claimDue(ledger: LedgerContext, durable: string, limit: number): Promise<LedgerMail[]> {
  const em = ledger.em.fork();
  const rows = await em.execute<{ id: string }[]>(
    `with due as (
       select id from mail
       where state = 'retry_wait' and durable = ? and next_attempt_at <= clock_timestamp()
         and (lease_until is null or lease_until < clock_timestamp())
       order by next_attempt_at limit ? for update skip locked)
     update mail set lease_until = clock_timestamp() + ? * interval '1 millisecond'
     from due where mail.id = due.id
     returning mail.id`,
    [durable, limit, claimMs],
  );
  return em.find(LedgerMail, { id: { $in: rows.map(({ id }) => id) } });
}

/** Its message is on its way: nothing to do for a while. */
export async function markReleased(ledger: LedgerContext, mail: LedgerMail): Promise<void> {
  await leaveUntil(ledger, mail, releasedMs);
}

/** It was not released after all: the next look takes it again. */
export async function giveBack(ledger: LedgerContext, mail: LedgerMail): Promise<void> {
  await leaveUntil(ledger, mail, 0);
}

/**
 * The event of a scheduled mail came again before its time: published anew by its outbox, or released early by another clock. The
 * schedule goes by the newest copy.
 *
 * @returns false when the mail is no longer waiting
 */
export async function pointSchedule(ledger: LedgerContext, mail: LedgerMail, source: MessageSource): Promise<boolean> {
  const waiting = { id: mail.id, state: 'retry_wait', tries: mail.tries } as const;
  const updated = await ledger.em.fork().nativeUpdate(LedgerMail, waiting, { ...pointAt(source), leaseUntil: null });
  return updated > 0;
}

async function leaveUntil(ledger: LedgerContext, mail: LedgerMail, ms: number): Promise<void> {
  await ledger.em.fork().execute(
    `update mail set lease_until = clock_timestamp() + ? * interval '1 millisecond'
     where id = ? and state = 'retry_wait' and tries = ?`,
    [ms, mail.id, mail.tries],
    'run',
  );
}
