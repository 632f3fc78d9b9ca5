import { v7 as uuidv7 } from 'uuid';
import type { NewMail } from './accept-mails.ts';
import type { Claim } from './claim-attempt.ts';
import type { LedgerContext } from './ledger-context.ts';
import { hashRecipient, ledgerKey } from './ledger-key.ts';
import { LedgerMail } from './ledger-mail.ts';
import type { MailOrder } from './mail-order.ts';

/** Step 1: the mail is in the ledger, once, however often its event comes. */
export async function acceptMail(ledger: LedgerContext, row: MailRow): Promise<LedgerMail> {
  return ledger.em.fork().upsert(LedgerMail, row, { onConflictFields: ['key'], onConflictAction: 'ignore' });
}

/**
 * Steps 1 and 3 for a mail that the ledger does not know, together with others that come at the same time (`accept-mails.ts`).
 *
 * @returns undefined when the mail was known already; then nothing was written
 */
export async function acceptAndClaim(
  ledger: LedgerContext,
  row: MailRow,
): Promise<{ mail: LedgerMail; claim: Claim } | undefined> {
  const claim = await ledger.groups.accept({ ...row, provider: ledger.transport.provider });
  return claim && { mail: ledger.em.fork().create(LedgerMail, row, { persist: false }), claim };
}

/** A mail as the ledger first knows it. */
export type MailRow = Omit<NewMail, 'provider'> &
  Pick<LedgerMail, 'attempts' | 'ambiguities' | 'tries'> & { readonly state: 'accepted' };

/** @param to the recipient in canonical form */
export function newMail(ledger: LedgerContext, { event, mail, expiresAt }: MailOrder, to: string): MailRow {
  const recipientHash = hashRecipient(to, ledger.recipientKey);
  return {
    id: uuidv7(),
    key: ledgerKey(event.id, mail.id, recipientHash),
    eventId: event.id,
    eventType: event.type,
    mail: mail.name,
    class: mail.class,
    recipientHash,
    recipientDomain: to.slice(to.lastIndexOf('@') + 1),
    state: 'accepted',
    attempts: 0,
    ambiguities: 0,
    tries: 0,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    acceptedAt: ledger.now(),
  };
}

/** A replayed event opens a mail that had failed: an operator changed something and wants it tried again. */
export async function reopenMail(ledger: LedgerContext, mail: LedgerMail): Promise<LedgerMail> {
  const em = ledger.em.fork();
  const fresh = { state: 'accepted', reason: null, attempts: 0, ambiguities: 0, settledAt: null } as const;
  await em.nativeUpdate(LedgerMail, { id: mail.id, state: 'failed' }, fresh);
  return em.findOneOrFail(LedgerMail, { id: mail.id });
}
