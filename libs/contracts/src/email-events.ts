import { z } from 'zod';
import { defineEvent } from './define-event.ts';

/** Delivery facts: stream EMAIL_EVENTS, subjects `email.v1.<event>.<mailId>`. Never an address. */
const stream = 'EMAIL_EVENTS';

const fact = z.object({
  mailId: z.uuid().describe('The mail in the email service’s ledger.'),
  causationId: z.string().describe('The event that made us send it.'),
  mail: z.string().describe('Template and version, `email-verification@1`.'),
  class: z.enum(['security', 'transactional', 'notice']),
  attempt: z.int().min(0),
  provider: z.string(),
  phase: z.string().optional().describe('How far the SMTP session came.'),
  replyCode: z.int().optional(),
  enhancedCode: z.string().optional(),
});

const sample = {
  mailId: '5f3c1a52-91b2-8c1d-9d2e-0a1b2c3d4e5f',
  causationId: '0192f1a0-7b01-7abc-8def-0123456789ab',
  mail: 'email-verification@1',
  class: 'security',
  attempt: 1,
  provider: 'smtp',
  phase: 'sent',
  replyCode: 250,
} satisfies z.infer<typeof fact>;

const deliveryFact = (name: `email.${string}`, description: string) =>
  defineEvent({ name, version: 1, stream, aggregate: 'mailId', description, schema: fact, pii: [], sample });

export const emailSent = deliveryFact('email.sent', 'The mail server took the mail: it said 250.');
export const emailDeferred = deliveryFact('email.deferred', 'The mail server refused for now; it is tried again.');
export const emailBounced = deliveryFact('email.bounced', 'The address does not exist or refuses mail for good.');
export const emailExpired = deliveryFact('email.expired', 'The mail was of no use any more before it could be sent.');
export const emailFailed = deliveryFact(
  'email.failed',
  'The mail was given up; an operator finds it in the dead letters.',
);
export const emailAmbiguous = deliveryFact(
  'email.ambiguous',
  'Sent, but the answer was lost: the server may or may not have it.',
);

export const emailEvents = [emailSent, emailDeferred, emailBounced, emailExpired, emailFailed, emailAmbiguous] as const;
