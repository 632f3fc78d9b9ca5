import { emailAmbiguous, emailBounced, emailDeferred, emailFailed } from '@postrider/contracts';
import { backoffMs } from '@postrider/messaging';
import type { Verdict } from '../mail/classify.ts';
import type { LedgerPolicy } from './ledger-context.ts';
import type { LedgerMail, MailState } from './ledger-mail.ts';
import type { AttemptOutcome } from './mail-attempt.ts';

/** What a failed attempt makes of its mail. */
export interface Fate {
  readonly state: MailState;
  readonly outcome: AttemptOutcome;
  readonly reason: string;
  /** Counts against the mail's attempts. */
  readonly spends: boolean;
  /** Until the next attempt, in state `retry_wait`. */
  readonly delayMs?: number;
  /** The delivery fact to publish; an outage is nobody's. */
  readonly fact?: typeof emailDeferred;
  /** Somebody must look. */
  readonly alert: boolean;
}

/** What is known of the mail before this attempt's outcome counts. */
export type MailHistory = Pick<LedgerMail, 'class' | 'attempts' | 'ambiguities'>;

/**
 * Turns the verdict about an attempt into the fate of its mail. Pure.
 *
 * An ambiguous mail is sent once more, byte-identical, where a missing one costs more than a second copy (classes security and
 * transactional); a notice is not, and nothing is sent again after a second ambiguity.
 */
export function decideFate(
  verdict: Verdict,
  mail: MailHistory,
  policy: LedgerPolicy,
  random: () => number = Math.random,
): Fate {
  const { reason } = verdict;
  const delayMs = (minDelayMs: number): number =>
    minDelayMs * policy.minDelayFactor + backoffMs(mail.attempts + 1, policy, random);
  const isLastAttempt = mail.attempts + 1 >= policy.attempts;
  switch (verdict.fate) {
    case 'outage':
      return { state: 'accepted', outcome: 'outage', reason, spends: false, alert: verdict.alert };
    case 'retry':
      if (verdict.spends && isLastAttempt) {
        const exhausted = `${policy.attempts} attempts, the last one: ${reason}`;
        return { ...final('failed', exhausted, emailFailed), outcome: 'deferred', alert: true };
      }
      return {
        state: 'retry_wait',
        outcome: 'deferred',
        reason,
        spends: verdict.spends,
        delayMs: delayMs(verdict.minDelayMs),
        fact: emailDeferred,
        alert: verdict.alert,
      };
    case 'bounced':
      return final('bounced', reason, emailBounced);
    case 'failed':
      return { ...final('failed', reason, emailFailed), alert: true };
    case 'ambiguous':
      if (mail.class === 'notice' || mail.ambiguities > 0 || isLastAttempt)
        return final('ambiguous', reason, emailAmbiguous);
      return {
        state: 'retry_wait',
        outcome: 'ambiguous',
        reason,
        spends: true,
        delayMs: delayMs(0),
        fact: emailAmbiguous,
        alert: false,
      };
  }
}

function final(state: 'bounced' | 'failed' | 'ambiguous', reason: string, fact: typeof emailDeferred): Fate {
  return { state, outcome: state, reason, spends: true, fact, alert: false };
}
