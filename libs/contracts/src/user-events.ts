import { z } from 'zod';
import { defineEvent } from './define-event.ts';

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

export const userEvents = [userRegistered, emailVerified] as const;
