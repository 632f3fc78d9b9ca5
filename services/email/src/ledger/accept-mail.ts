import { v7 as uuidv7 } from 'uuid';
import type { LedgerContext } from './ledger-context.ts';
import { hashRecipient, ledgerKey } from './ledger-key.ts';
import { LedgerMail } from './ledger-mail.ts';
import type { MailOrder } from './mail-order.ts';

/**
 * Step 1: the mail is in the ledger, once, however often its event comes.
 *
 * @param to the recipient in canonical form
 */
export async function acceptMail(ledger: LedgerContext, order: MailOrder, to: string): Promise<LedgerMail> {
  const { event, mail, expiresAt } = order;
  const recipientHash = hashRecipient(to, ledger.recipientKey);
  return ledger.em.fork().upsert(
    LedgerMail,
    {
      id: uuidv7(),
      key: ledgerKey(event.id, mail.id, recipientHash),
      eventId: event.id,
      eventType: event.type,
      mail: mail.name,
      class: mail.class,
      recipientHash,
      recipientDomain: to.slice(to.lastIndexOf('@') + 1),
      state: 'accepted',
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
      acceptedAt: ledger.now(),
    },
    { onConflictFields: ['key'], onConflictAction: 'ignore' },
  );
}

/** A replayed event opens a mail that had failed: an operator changed something and wants it tried again. */
export async function reopenMail(ledger: LedgerContext, mail: LedgerMail): Promise<LedgerMail> {
  const em = ledger.em.fork();
  const fresh = { state: 'accepted', reason: null, attempts: 0, ambiguities: 0, settledAt: null } as const;
  await em.nativeUpdate(LedgerMail, { id: mail.id, state: 'failed' }, fresh);
  return em.findOneOrFail(LedgerMail, { id: mail.id });
}
