import { defineEntity, p } from '@mikro-orm/core';

/** How an attempt ended; none while it is under way, or when whoever made it died. */
export type AttemptOutcome = 'sent' | 'deferred' | 'outage' | 'bounced' | 'failed' | 'ambiguous';

const schema = defineEntity({
  name: 'MailAttempt',
  tableName: 'mail_attempt',
  properties: {
    mailId: p.uuid().primary(),
    number: p.integer().primary(),
    provider: p.text(),
    startedAt: p.datetime(),
    endedAt: p.datetime().nullable(),
    outcome: p.text().$type<AttemptOutcome>().nullable(),
    phase: p.text().nullable(),
    replyCode: p.integer().nullable(),
    enhancedCode: p.text().nullable(),
    reason: p.text().nullable(),
  },
});

/** One try to send a mail, written before it is made. */
export class MailAttempt extends schema.class {}
schema.setClass(MailAttempt);
