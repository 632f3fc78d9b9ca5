import { z } from 'zod';
import { defineEvent } from './define-event.ts';
import { sessionEvents } from './session-events.ts';

/** Public facts about users: stream USER_EVENTS, subjects `user.v1.<event>.<userId>`. */
const stream = 'USER_EVENTS';

const userId = z.uuid().describe('The account, for ever.');
const email = z.string().describe('Canonical address.');
const language = z.string().describe('BCP 47 language tag of the person.');

export const userRegistered = defineEvent({
  name: 'user.registered',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'An account was created. Its address is not verified yet.',
  schema: z.object({
    userId,
    email,
    displayName: z.string().optional(),
    locale: language,
    source: z.enum(['self', 'admin', 'import']),
  }),
  pii: ['email', 'displayName'],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    email: 'ada@example.com',
    displayName: 'Ada',
    locale: 'en',
    source: 'self',
  },
});

export const emailVerified = defineEvent({
  name: 'user.email_verified',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'The owner of the address confirmed it, for the first time for this account.',
  schema: z.object({ userId, email, method: z.enum(['link', 'code', 'admin']), locale: language }),
  pii: ['email'],
  sample: { userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5', email: 'ada@example.com', method: 'link', locale: 'en' },
});

export const profileUpdated = defineEvent({
  name: 'user.profile_updated',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'What the account says about its person was changed.',
  schema: z.object({
    userId,
    changedFields: z.array(z.string()).min(1).describe('`displayName`, `locale`; more may come.'),
    displayName: z.string().nullable().optional().describe('Now; null where it was removed. Absent where unchanged.'),
    locale: language.optional().describe('Now, as a BCP 47 language tag. Absent where unchanged.'),
  }),
  pii: ['displayName', 'locale'],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    changedFields: ['displayName', 'locale'],
    displayName: 'Ada Lovelace',
    locale: 'en-GB',
  },
});

export const passwordResetRequested = defineEvent({
  name: 'user.password_reset_requested',
  version: 1,
  stream,
  aggregate: 'userId',
  description:
    'Somebody asked for a new password, and a mail goes to the address of the account. Nothing has changed yet.',
  schema: z.object({ userId, challengeId: z.uuid(), expiresAt: z.iso.datetime() }),
  pii: [],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    challengeId: '0192f1a0-7b00-7aaa-8bbb-123456789abc',
    expiresAt: '2026-11-25T09:00:00.000Z',
  },
});

const passwordSet = z.object({
  userId,
  at: z.iso.datetime().describe('From then on the old password opens nothing.'),
  sessionsRevoked: z.int().min(0).describe('How many sessions it ended.'),
});
const passwordSetSample = {
  userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
  at: '2026-11-24T09:00:00.000Z',
  sessionsRevoked: 2,
} satisfies z.infer<typeof passwordSet>;

export const passwordChanged = defineEvent({
  name: 'user.password_changed',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'Somebody who was signed in and knew the old password set another one.',
  schema: passwordSet,
  pii: [],
  sample: passwordSetSample,
});

export const passwordResetCompleted = defineEvent({
  name: 'user.password_reset_completed',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'The owner of the address set a new password without the old one. All sessions have ended.',
  schema: passwordSet,
  pii: [],
  sample: passwordSetSample,
});

export const userEvents = [
  userRegistered,
  emailVerified,
  profileUpdated,
  passwordResetRequested,
  passwordChanged,
  passwordResetCompleted,
  ...sessionEvents,
] as const;
