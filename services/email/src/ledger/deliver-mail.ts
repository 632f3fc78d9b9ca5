import { canonicalAddress, emailExpired, emailFailed } from '@postrider/contracts';
import { type Delivery, PermanentError, RetryLaterError, UnavailableError } from '@postrider/messaging';
import { classify, type Verdict } from '../mail/classify.ts';
import { composeMessage, type Message } from '../mail/compose-message.ts';
import { SmtpError } from '../mail/smtp-error.ts';
import { acceptAndClaim, acceptMail, type MailRow, newMail, reopenMail } from './accept-mail.ts';
import { type Claim, claimAttempt, keepLease, leaseLeftMs } from './claim-attempt.ts';
import { untilStored, whileDatabaseAnswers } from './database-outage.ts';
import { decideFate, type Fate } from './decide-fate.ts';
import type { LedgerContext } from './ledger-context.ts';
import type { LedgerMail } from './ledger-mail.ts';
import type { MailOrder } from './mail-order.ts';
import { concludeMail, type Evidence, isLeftToSchedule, recordAbandoned, recordFate, sentFate } from './record-fate.ts';
import { pointSchedule } from './schedule-queries.ts';

/**
 * The theory. Mail can't be sent exactly once: between the final dot and our hearing the 250 both sides hold a copy (RFC 1047, RFC
 * 5321 §4.5.3.2.6). So every mail has a row, keyed by what makes it the same mail, and every attempt is written down before it
 * is made:
 *
 * 1. accept: insert the row, on conflict do nothing. A final row → nothing to do (a replay opens `failed` again, never `sent`).
 * 2. expired → final, said to others, done. Then the mail is made: what can't be made is a dead letter at once.
 * 3. claim: attempt(started) and a lease, one statement, committed. Who meets a living lease comes back at its end. A mail that nobody has
 *    seen yet is made first (that writes nothing), and its row and claim are one statement, shared with others that begin at the same time.
 * 4. send; then outcome and delivery fact in one transaction, shared with others that end at the same time (`in-groups.ts`). While the
 *    database is away the outcome is held and stored when it is back: it is known here and nowhere else.
 * 5. return: the subscription acknowledges. A crash between 4 and 5 meets a final row in step 1.
 * 6. A crash between 3 and 4 leaves an attempt without outcome. When its lease is over it counts as ambiguous, like a
 *    connection that was lost after the final dot; `decideFate` says what that means for its class.
 *
 * A wait of more than half a minute is not the subscription's: with the outcome the row says when, and where the event stands, and the
 * message is acknowledged (`schedule.ts`). Whoever brings the event early leaves it to that.
 *
 * What breaks it: sending without a claim, writing an outcome without naming its attempt's number, or a lease shorter than the
 * time in which its owner can fail to renew it.
 *
 * @returns when the mail needs nothing more of this message: sent, ended otherwise and said so, or scheduled
 * @throws {PermanentError} the mail has failed; an operator sees it in the dead letters
 * @throws {RetryLaterError} another attempt is due soon
 * @throws {UnavailableError} of `database` or `smtp`; nothing was spent
 */
export async function deliverMail(ledger: LedgerContext, order: MailOrder, delivery: Delivery): Promise<void> {
  const to = canonicalAddress(order.to);
  if (to === undefined) throw new PermanentError('The recipient is not an address that we send to.');
  if (!ledger.isMigrated()) throw new UnavailableError('database', 'The database is not migrated yet.');
  const row = newMail(ledger, order, to);
  const wanted = { order, row, to };
  const begun = (await beginAtOnce(ledger, wanted, delivery)) ?? (await begin(ledger, wanted, delivery));
  if (begun === undefined) return;
  const { mail, claim } = begun;
  const { fate, evidence } = await attempt(ledger, begun, delivery);
  const ending = { mail, event: order.event, claim, evidence, source: delivery.source };
  const stored = await untilStored(async () => recordFate(ledger, ending, fate), delivery);
  const facts = { mailId: mail.id, mail: mail.mail, attempt: claim.number, ...evidence };
  ledger.observer.attempted(mail.mail, fate.outcome);
  if (fate.state === 'sent') ledger.observer.sent(mail.mail, order.event.time);
  if (!stored) delivery.log.warn(facts, 'outcome not recorded: the attempt was closed already');
  conclude(fate, delivery, { facts, isScheduled: stored && isLeftToSchedule(ledger, fate) });
}

/** A mail that an event asks for. */
interface Wanted {
  readonly order: MailOrder;
  readonly row: MailRow;
  /** The recipient in canonical form. */
  readonly to: string;
}

/** Steps 1 to 3 for a mail at its first delivery. Undefined: it is known already, is too late or can't be made, and takes the steps one by one. */
async function beginAtOnce(ledger: LedgerContext, wanted: Wanted, delivery: Delivery): Promise<Attempt | undefined> {
  const { row } = wanted;
  const isInTime = row.expiresAt === null || row.expiresAt > ledger.now();
  if (delivery.attempt > 1 || !isInTime) return undefined;
  const message = await makeMessage(wanted).catch(() => undefined); // Made again there, and the failure recorded.
  if (message === undefined) return undefined;
  const begun = await whileDatabaseAnswers(async () => acceptAndClaim(ledger, row));
  return begun && { ...begun, message };
}

/** Steps 1 to 3, one by one. Undefined: there is nothing left to do. */
async function begin(ledger: LedgerContext, wanted: Wanted, delivery: Delivery): Promise<Attempt | undefined> {
  const mail = await whileDatabaseAnswers(async () => findWork(ledger, wanted, delivery));
  if (mail === undefined) return undefined;
  const message = await prepare(ledger, mail, wanted);
  const claim = await whileDatabaseAnswers(async () => claimAttempt(ledger, mail));
  if (claim === undefined) throw await comeBackLater(ledger, mail);
  return { mail, claim, message };
}

/** Steps 1 and 2, and 6 for what others left. Undefined: there is nothing left to do. */
async function findWork(
  ledger: LedgerContext,
  { order, row }: Wanted,
  delivery: Delivery,
): Promise<LedgerMail | undefined> {
  let mail = await acceptMail(ledger, row);
  if (mail.state === 'failed') {
    if (delivery.attempt > 1) throw new PermanentError(`The mail has failed: ${mail.reason}.`);
    mail = await reopenMail(ledger, mail);
  }
  if (!mail.isOpen()) return undefined;
  if (mail.state === 'sending') throw await inspectLease(ledger, order, mail, delivery);
  if (mail.isExpired(ledger.now())) {
    const isOurs = await concludeMail(ledger, { mail, event: order.event }, expired);
    if (isOurs) delivery.log.warn({ mailId: mail.id, mail: mail.mail }, 'mail expired: not sent');
    return undefined;
  }
  const waitMs = (mail.nextAttemptAt?.getTime() ?? 0) - ledger.now().getTime();
  if (waitMs <= earlyMs) return mail;
  if (mail.isScheduled() && (await pointSchedule(ledger, mail, delivery.source))) return undefined;
  throw new RetryLaterError('The next attempt is not due yet.', waitMs);
}

/** The server's timers and our clock differ a little; an attempt may be this much early. */
const earlyMs = 500;
const expired = { state: 'expired', reason: 'its time was over', fact: emailExpired } as const;

/** A mail that somebody is sending, or died over. */
async function inspectLease(
  ledger: LedgerContext,
  order: MailOrder,
  mail: LedgerMail,
  { log }: Delivery,
): Promise<Error> {
  if ((await leaseLeftMs(ledger, mail)) > 0) return comeBackLater(ledger, mail);
  const fate = decideFate({ fate: 'ambiguous', reason: 'its sender died' }, mail, ledger.policy);
  const ending = { mail, event: order.event, claim: { number: mail.tries }, evidence: {} };
  const isOurs = await recordAbandoned(ledger, ending, fate);
  if (isOurs)
    log.warn(
      { mailId: mail.id, mail: mail.mail, attempt: mail.tries, state: fate.state },
      'mail ambiguous: its sender died',
    );
  return new RetryLaterError('An attempt was left without an outcome.', fate.delayMs ?? 0);
}

async function comeBackLater(ledger: LedgerContext, mail: LedgerMail): Promise<RetryLaterError> {
  const leftMs = await whileDatabaseAnswers(async () => leaseLeftMs(ledger, mail));
  return new RetryLaterError('Another delivery of this mail is under way.', Math.max(leftMs, 0));
}

/** Before any attempt: what can't be opened or rendered is final, whatever the mail server would say. */
async function prepare(ledger: LedgerContext, mail: LedgerMail, wanted: Wanted): Promise<Message> {
  try {
    return await makeMessage(wanted);
  } catch (error) {
    const reason = error instanceof PermanentError ? error.message : 'The mail can’t be rendered.';
    const conclusion = { state: 'failed', reason, fact: emailFailed } as const;
    await whileDatabaseAnswers(async () => concludeMail(ledger, { mail, event: wanted.order.event }, conclusion));
    throw error instanceof PermanentError ? error : new PermanentError(reason, { cause: error });
  }
}

async function makeMessage({ order, row: { key }, to }: Wanted): Promise<Message> {
  const rendered = await order.prepare();
  const date = new Date(order.event.time);
  return composeMessage({ mail: order.mail, rendered, from: order.from, to, key, date });
}

interface Attempt {
  readonly mail: LedgerMail;
  readonly claim: Claim;
  readonly message: Message;
}

/** Step 4, the sending. Never throws: everything that can go wrong is an outcome to be stored. */
async function attempt(
  ledger: LedgerContext,
  { mail, claim, message }: Attempt,
  { log, signal }: Delivery,
): Promise<{ fate: Fate; evidence: Evidence }> {
  await using _lease = keepLease(ledger, mail, claim, log);
  using giveUp = signalAfter(signal, ledger.policy.graceMs);
  try {
    const receipt = await ledger.transport.send(message, giveUp.signal);
    return { fate: sentFate, evidence: { phase: 'sent', ...receipt } };
  } catch (error) {
    const bug: Verdict = { fate: 'failed', reason: 'a bug: it was not sent' };
    if (!(error instanceof SmtpError)) log.error({ err: error }, 'mail not sent: a bug');
    const { phase, replyCode, enhancedCode } = error instanceof SmtpError ? error : {};
    const verdict = error instanceof SmtpError ? classify(error) : bug;
    return { fate: decideFate(verdict, mail, ledger.policy), evidence: { phase, replyCode, enhancedCode } };
  }
}

/** Says what became of the mail, and tells the subscription what to do with the message. */
function conclude(
  fate: Fate,
  { log, signal }: Delivery,
  { facts, isScheduled }: { facts: Record<string, unknown>; isScheduled: boolean },
): void {
  const { state, reason, alert } = fate;
  if (state === 'sent') return log.info(facts, 'mail sent');
  log[alert ? 'error' : 'warn']({ ...facts, state, reason }, 'mail not sent');
  if (isScheduled) return; // The ledger knows when, and where the event is: nobody has to hold the message.
  if (state === 'failed') throw new PermanentError(`The mail has failed: ${reason}.`);
  if (state === 'retry_wait') throw new RetryLaterError(`The mail is tried again: ${reason}.`, fate.delayMs ?? 0);
  if (state === 'accepted' && signal.aborted) throw new RetryLaterError('The service is stopping.', 0);
  if (state === 'accepted') throw new UnavailableError('smtp', `The mail server can't be used: ${reason}.`);
}

/** A signal that follows another after a while: a send under way gets time to end by itself. */
function signalAfter(first: AbortSignal, graceMs: number): Disposable & { signal: AbortSignal } {
  const giveUp = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => giveUp.abort(), graceMs);
  };
  if (first.aborted) start();
  else first.addEventListener('abort', start, { once: true });
  return {
    signal: giveUp.signal,
    [Symbol.dispose]() {
      first.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
