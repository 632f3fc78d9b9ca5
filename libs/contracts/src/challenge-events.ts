import { z } from 'zod';
import { defineEvent } from './define-event.ts';

/**
 * Private: stream USER_CHALLENGES, subjects `challenge.v1.<event>.<userId>`, for the email service alone. What proves ownership of an
 * address travels sealed (a compact JWE for the email service's key), so that a dump of the broker opens no account; a
 * message lives as long as its challenge.
 */
const stream = 'USER_CHALLENGES';

const sealed = z
  .string()
  .regex(/^[\w-]+(\.[\w-]*){4}$/, 'Not a compact JWE.')
  .describe('Compact JWE of { token, code }; challengeId, purpose, email and expiresAt stand in its protected header.');

const issued = z.object({
  userId: z.uuid(),
  challengeId: z.uuid(),
  email: z.string(),
  locale: z.string(),
  expiresAt: z.iso.datetime(),
  codeExpiresAt: z.iso.datetime(),
  sealed,
});
const issuedSample = {
  userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
  challengeId: '0192f1a0-7b00-7aaa-8bbb-123456789abc',
  email: 'ada@example.com',
  locale: 'en',
  expiresAt: '2026-11-25T09:00:00.000Z',
  codeExpiresAt: '2026-11-24T09:10:00.000Z',
  sealed: 'eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.a2V5.aXY.Y2lwaGVydGV4dA.dGFn',
} satisfies z.infer<typeof issued>;

export const emailVerificationIssued = defineEvent({
  name: 'challenge.email_verification_issued',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'Somebody must prove that the address is theirs: send them the link and the code.',
  schema: issued,
  pii: ['email'],
  sample: issuedSample,
});

export const passwordResetIssued = defineEvent({
  name: 'challenge.password_reset_issued',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'Somebody asked for a new password: send the owner of the address the link and the code.',
  schema: issued,
  pii: ['email'],
  sample: issuedSample,
});

export const registrationAttempted = defineEvent({
  name: 'challenge.registration_attempted',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'Somebody tried to register an address that has an account: tell its owner. Holds no secret.',
  schema: z.object({ userId: z.uuid(), email: z.string(), locale: z.string() }),
  pii: ['email'],
  sample: { userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5', email: 'ada@example.com', locale: 'en' },
});

export const challengeEvents = [emailVerificationIssued, passwordResetIssued, registrationAttempted] as const;
