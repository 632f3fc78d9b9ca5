import { type DomainEvent, emailSent, type Envelope } from '@postrider/contracts';
import type { MessageSource } from '@postrider/messaging';
import { unitOfWork } from '@postrider/outbox';
import type { SmtpPhase } from '../mail/smtp-error.ts';
import type { Claim } from './claim-attempt.ts';
import { type Closing, closeMails } from './close-mails.ts';
import type { Fate } from './decide-fate.ts';
import type { LedgerContext } from './ledger-context.ts';
import { LedgerMail } from './ledger-mail.ts';

/** What the server said, if it did. */
export interface Evidence {
  readonly phase?: SmtpPhase | undefined;
  readonly replyCode?: number | undefined;
  readonly enhancedCode?: string | undefined;
}

/** What of an event goes on into the facts about its mail. */
export type Cause = Pick<Envelope, 'id' | 'traceparent' | 'tracestate' | 'correlationId'>;

/** A mail at the end of an attempt. */
export interface Ending {
  readonly mail: LedgerMail;
  readonly event: Cause;
  readonly claim: Claim;
  readonly evidence: Evidence;
  /** Where the event can be had again, should the next attempt be left to the schedule. */
  readonly source?: MessageSource;
}

/** The fate of a mail that the server took. */
export const sentFate: Fate = {
  state: 'sent',
  outcome: 'sent',
  reason: 'the server took it',
  spends: true,
  fact: emailSent,
  alert: false,
};

/**
 * Step 4: what became of an attempt, of its mail, and the fact that tells others, in one transaction, which mails that end at the same
 * time share.
 *
 * @returns false when the attempt is no longer ours: it was recorded before, or its lease ended and another took over
 */
export async function recordFate(ledger: LedgerContext, ending: Ending, fate: Fate): Promise<boolean> {
  return ledger.groups.close(closingOf(ledger, ending, fate, 'its owner'));
}

/**
 * Step 6: closes an attempt whose owner died, as long as it is that attempt and its lease is over. Its evidence is that there
 * is none.
 *
 * @returns false when another delivery was faster, or the owner lives
 */
export async function recordAbandoned(ledger: LedgerContext, ending: Ending, fate: Fate): Promise<boolean> {
  const [isClosed = false] = await closeMails(ledger, [closingOf(ledger, ending, fate, 'others')]);
  return isClosed;
}

/** Step 2: ends a mail that needs no attempt, or can't have one. */
export async function concludeMail(
  ledger: LedgerContext,
  { mail, event }: Pick<Ending, 'mail' | 'event'>,
  conclusion: Pick<Fate, 'state' | 'reason' | 'fact'>,
): Promise<boolean> {
  return unitOfWork({ ...ledger, headers: causedBy(event) }, async ({ em, record }) => {
    const open = { id: mail.id, state: { $in: ['accepted', 'retry_wait'] } } as const;
    const { state, reason, fact } = conclusion;
    const updated = await em.nativeUpdate(LedgerMail, open, {
      state,
      reason,
      nextAttemptAt: null,
      settledAt: ledger.now(),
    });
    if (updated === 0) return false;
    if (fact !== undefined) record(factOf(ledger, { mail, event, claim: { number: mail.tries }, evidence: {} }, fact));
    return true;
  });
}

/** Whether the message need not wait for the next attempt. */
export function isLeftToSchedule({ policy }: LedgerContext, { state, delayMs = 0 }: Fate): boolean {
  return state === 'retry_wait' && delayMs > policy.longestHeldMs;
}

/** The columns that say where the event is. */
export function pointAt(
  source: MessageSource | undefined,
): Pick<Closing, 'durable' | 'sourceStream' | 'sourceSequence'> {
  const { durable = null, stream: sourceStream = null, sequence: sourceSequence = null } = source ?? {};
  return { durable, sourceStream, sourceSequence };
}

function closingOf(ledger: LedgerContext, ending: Ending, fate: Fate, by: 'its owner' | 'others'): Closing {
  const { mail, event, claim, evidence } = ending;
  const now = ledger.now();
  const isOpen = fate.state === 'accepted' || fate.state === 'retry_wait';
  const { state, outcome, reason, fact } = fate;
  const { phase = null, replyCode = null, enhancedCode = null } = evidence;
  return {
    mailId: mail.id,
    number: claim.number,
    isOwners: by === 'its owner',
    state,
    outcome,
    reason,
    spent: fate.spends ? 1 : 0,
    ambiguous: outcome === 'ambiguous' ? 1 : 0,
    nextAttemptAt: fate.delayMs === undefined ? null : new Date(now.getTime() + fate.delayMs),
    ...pointAt(isLeftToSchedule(ledger, fate) ? ending.source : undefined),
    phase,
    replyCode,
    enhancedCode,
    settledAt: isOpen ? null : now,
    endedAt: now,
    fact: fact && { ...factOf(ledger, ending, fact), headers: causedBy(event) },
  };
}

function factOf(ledger: LedgerContext, ending: Ending, fact: NonNullable<Fate['fact']>): DomainEvent {
  const { mail, event, claim, evidence } = ending;
  return fact.create({
    mailId: mail.id,
    causationId: event.id,
    mail: mail.mail,
    class: mail.class,
    attempt: claim.number,
    provider: ledger.transport.provider,
    ...evidence,
  });
}

/** The facts go on with the trace of the event that caused the mail. */
function causedBy(event: Cause): Record<string, string> {
  const { id: causationId, traceparent, tracestate, correlationId } = event;
  const headers = { causationId, traceparent, tracestate, correlationId };
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
