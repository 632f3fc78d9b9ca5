import type { Logger } from 'pino';
import type { LedgerContext } from './ledger-context.ts';
import type { LedgerMail } from './ledger-mail.ts';

/** The right to send one mail, once. */
export interface Claim {
  /** Fences the owner: every later write names it. */
  readonly number: number;
}

/**
 * Step 3: writes the attempt ahead of making it, and takes the lease, in one statement; of any number of callers that read the same
 * row one gets it. Times are the database's, so that replicas need no common clock.
 *
 * @returns undefined when another delivery was faster
 */
export async function claimAttempt(ledger: LedgerContext, mail: LedgerMail): Promise<Claim | undefined> {
  const rows = await ledger.em.fork().execute<{ number: number }[]>(
    `with claimed as (
       update mail
       set state = 'sending', tries = tries + 1, next_attempt_at = null,
           lease_until = clock_timestamp() + ? * interval '1 millisecond'
       where id = ? and tries = ? and state in ('accepted', 'retry_wait')
       returning id, tries)
     insert into mail_attempt (mail_id, number, provider, started_at)
     select id, tries, ?, clock_timestamp() from claimed
     returning number`,
    [ledger.policy.leaseMs, mail.id, mail.tries, ledger.transport.provider],
  );
  return rows[0];
}

/** How long the lease on a mail still lives; 0 or less when nobody holds one. */
export async function leaseLeftMs(ledger: LedgerContext, mail: LedgerMail): Promise<number> {
  const rows = await ledger.em.fork().execute<{ left: number }[]>(
    `select ceil(extract(epoch from lease_until - clock_timestamp()) * 1000)::int as left
     from mail where id = ? and state = 'sending'`,
    [mail.id],
  );
  return rows[0]?.left ?? 0;
}

/** Keeps the lease of a claim alive, three times in its life, until it is disposed. */
export function keepLease(ledger: LedgerContext, mail: LedgerMail, claim: Claim, log: Logger): AsyncDisposable {
  let renewing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renew(ledger, mail, claim).catch((error: unknown) => log.warn({ err: error }, 'lease not renewed'));
  }, ledger.policy.leaseMs / 3);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await renewing;
    },
  };
}

async function renew(ledger: LedgerContext, mail: LedgerMail, claim: Claim): Promise<void> {
  await ledger.em.fork().execute(
    `update mail set lease_until = clock_timestamp() + ? * interval '1 millisecond'
     where id = ? and state = 'sending' and tries = ?`,
    [ledger.policy.leaseMs, mail.id, claim.number],
    'run',
  );
}
