import { defineEntity, p } from '@mikro-orm/core';
import type { MailClass } from '../mail/define-mail.ts';

/**
 * accepted → sending → sent, and what else can become of a mail. `retry_wait`: another attempt at `nextAttemptAt`. Open are the
 * first three; the others are final, but that a replayed event opens a `failed` one again.
 */
export type MailState = 'accepted' | 'sending' | 'retry_wait' | 'sent' | 'bounced' | 'expired' | 'failed' | 'ambiguous';

const schema = defineEntity({
  name: 'LedgerMail',
  tableName: 'mail',
  properties: {
    id: p.uuid().primary(),
    /** One event makes one mail for one recipient: `ledgerKey`. */
    key: p.text().unique('mail_key_unique'),
    eventId: p.text(),
    eventType: p.text(),
    /** `email-verification@1`. */
    mail: p.text(),
    class: p.text().$type<MailClass>(),
    /** HMAC-SHA-256 of the address under a key that is not in the database. */
    recipientHash: p.text(),
    recipientDomain: p.text(),
    state: p.text().$type<MailState>(),
    /** Why it is in its state, in our words. */
    reason: p.text().nullable(),
    /** Attempts that count against the policy. */
    attempts: p.integer().default(0),
    /** How often it may have been sent without our knowing. */
    ambiguities: p.integer().default(0),
    /** All attempts, also those that an outage ended; the number of the last one. */
    tries: p.integer().default(0),
    /** While `sending`: until when the attempt is its owner's alone. While scheduled: until when the schedule has done its part. */
    leaseUntil: p.datetime().nullable(),
    nextAttemptAt: p.datetime().nullable(),
    /** While scheduled: who gets the event again, and where it stands. Nobody else holds it then. */
    durable: p.text().nullable(),
    sourceStream: p.text().nullable(),
    sourceSequence: p.bigint('number').nullable(),
    expiresAt: p.datetime().nullable(),
    acceptedAt: p.datetime(),
    settledAt: p.datetime().nullable(),
  },
});

/** A mail that we owe, and what became of it. */
export class LedgerMail extends schema.class {
  isOpen(): boolean {
    return this.state === 'accepted' || this.state === 'sending' || this.state === 'retry_wait';
  }

  /** Waits in the ledger alone: its message is acknowledged. */
  isScheduled(): boolean {
    return this.state === 'retry_wait' && this.durable !== null && this.durable !== undefined;
  }

  isExpired(now: Date): boolean {
    return this.expiresAt !== null && this.expiresAt !== undefined && this.expiresAt <= now;
  }
}
schema.setClass(LedgerMail);
