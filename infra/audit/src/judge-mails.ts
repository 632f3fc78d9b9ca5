import { createHash } from 'node:crypto';
import type { Facts, LedgerMail, MailLedger, ReceivedMail } from './facts.ts';
import type { Place } from './judge-events.ts';
import type { Finding } from './judge.ts';

export interface MailAccount {
  readonly owed: number;
  readonly sent: number;
  readonly suppressed: number;
  readonly bounced: number;
  readonly expired: number;
  readonly failed: number;
  readonly waiting: number;
  readonly ambiguous: number;
  readonly unexplained: number;
  /** Attempts beyond the first of each mail. */
  readonly furtherAttempts: number;
  /** Attempts of which nobody knows whether the server took the mail. */
  readonly ambiguousAttempts: number;
  /** Ids of mails that ended so. */
  readonly ambiguousMails: readonly string[];
  /** Copies beyond the first that the mail server took; undefined where nobody could look. */
  readonly extraCopies?: number;
}

type Outcome = Exclude<
  keyof MailAccount,
  'owed' | 'furtherAttempts' | 'ambiguousAttempts' | 'ambiguousMails' | 'extraCopies'
>;

/** A mail that is open for so long after it was due, with its event acknowledged, is nobody's any more. */
const forgottenAfterMs = 600_000;

/**
 * Accounts for every mail that an event owes, and holds the ledger against what the mail server took.
 *
 * @param places where each event that owes a mail is
 */
export function judgeMails(
  facts: Facts,
  ledger: MailLedger,
  places: ReadonlyMap<string, Place>,
): { account: MailAccount; findings: Finding[] } {
  const mails = Map.groupBy(ledger.mails, ({ eventId }) => eventId);
  const count = { sent: 0, suppressed: 0, bounced: 0, expired: 0, failed: 0, waiting: 0, ambiguous: 0, unexplained: 0 };
  for (const [eventId, place] of places) count[outcomeOf(mails.get(eventId)?.[0], place)]++;
  const { mailbox } = facts;
  const copies = mailbox && countCopies(mailbox);
  return {
    account: {
      owed: places.size,
      ...count,
      furtherAttempts: sum(ledger.mails, ({ attempts }) => Math.max(0, attempts.length - 1)),
      ambiguousAttempts: sum(ledger.mails, ambiguities),
      ambiguousMails: ledger.mails.filter(({ state }) => state === 'ambiguous').map(({ id }) => id),
      ...(mailbox && copies && { extraCopies: mailbox.length - copies.size }),
    },
    findings: [
      ...withoutEvent(facts, ledger, places),
      ...[...mails].flatMap(([eventId, ofEvent]) => (ofEvent.length > 1 ? [twoMails(eventId, ofEvent.length)] : [])),
      ...ledger.mails.flatMap((mail) => forgotten(mail, ledger.takenAt, places.get(mail.eventId))),
      ...(copies === undefined ? [] : compareCopies(ledger, copies)),
    ],
  };
}

/** The part of a Message-ID before the @, which the email service derives from the mail's key. */
export function messageIdOf(key: string): string {
  return createHash('sha256').update(`message-id:${key}`).digest('hex').slice(0, 40);
}

const open = new Set(['accepted', 'sending', 'retry_wait']);
const outcomes: Readonly<Record<string, Outcome>> = {
  sent: 'sent',
  delivered: 'sent',
  complained: 'sent',
  bounced: 'bounced',
  suppressed: 'suppressed',
  cancelled: 'suppressed',
  expired: 'expired',
  failed: 'failed',
  ambiguous: 'ambiguous',
};

function outcomeOf(mail: LedgerMail | undefined, place: Place): Outcome {
  if (mail !== undefined) return open.has(mail.state) ? 'waiting' : (outcomes[mail.state] ?? 'unexplained');
  if (place === 'waiting' || place === 'parked') return 'waiting';
  if (place === 'deadLettered') return 'failed';
  return place === 'expired' ? 'expired' : 'unexplained';
}

function withoutEvent({ logs }: Facts, { mails }: MailLedger, places: ReadonlyMap<string, Place>): Finding[] {
  const isExplained = ({ eventId, acceptedAt }: LedgerMail): boolean =>
    places.has(eventId) || logs.some((log) => log.committedLater.has(eventId) || acceptedAt < log.keptSince);
  return mails
    .filter((mail) => !isExplained(mail))
    .map(({ id, eventId }) => ({
      kind: 'mail without event',
      id,
      text: `The ledger has a mail for the event ${eventId}, which no log knows.`,
    }));
}

function twoMails(eventId: string, count: number): Finding {
  return { kind: 'two mails for one event', id: eventId, text: `The ledger has ${count} mails for one event.` };
}

function forgotten({ id, state, dueAt }: LedgerMail, takenAt: number, place: Place | undefined): Finding[] {
  if (!open.has(state) || dueAt === undefined || place === 'waiting' || dueAt + forgottenAfterMs > takenAt) return [];
  const minutes = Math.round((takenAt - dueAt) / 60_000);
  return [{ kind: 'forgotten mail', id, text: `It is ${state} and was due ${minutes} minutes ago.` }];
}

function countCopies(mailbox: readonly ReceivedMail[]): Map<string, number> {
  const copies = new Map<string, number>();
  for (const { messageId } of mailbox) {
    const name = messageId.slice(0, messageId.indexOf('@'));
    copies.set(name, (copies.get(name) ?? 0) + 1);
  }
  return copies;
}

/** One extra copy for each ambiguous attempt of a mail that is worth it, none for a notice; and what is said to be sent was taken. */
function compareCopies({ mails }: MailLedger, copies: ReadonlyMap<string, number>): Finding[] {
  const findings: Finding[] = [];
  const known = new Set<string>();
  for (const mail of mails) {
    const name = messageIdOf(mail.key);
    known.add(name);
    const taken = copies.get(name) ?? 0;
    const said = `${mail.class} mail, ${mail.state} after ${mail.attempts.join(', ') || 'no attempt'}; taken ${taken} times.`;
    if (mail.state === 'sent' && taken === 0) findings.push({ kind: 'never taken', id: mail.id, text: said });
    if (taken > mostCopies(mail)) findings.push({ kind: 'doubled mail', id: mail.id, text: said });
  }
  for (const name of copies.keys()) {
    if (!known.has(name))
      findings.push({ kind: 'mail nobody owes', id: name, text: 'No mail of the ledger has this Message-ID.' });
  }
  return findings;
}

function mostCopies(mail: LedgerMail): number {
  const sent = mail.attempts.includes('sent') ? 1 : 0;
  const most = sent + ambiguities(mail) + mail.attempts.filter((outcome) => outcome === 'under way').length;
  return mail.class === 'notice' ? Math.min(most, 1) : most;
}

function ambiguities({ attempts }: LedgerMail): number {
  return attempts.filter((outcome) => outcome === 'ambiguous').length;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
