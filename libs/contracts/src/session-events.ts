import { z } from 'zod';
import { defineEvent } from './define-event.ts';

/** Public facts about sessions of a user: stream USER_EVENTS, subjects `user.v1.<event>.<userId>`. */
const stream = 'USER_EVENTS';

const userId = z.uuid().describe('The account, for ever.');
const sessionId = z.uuid().describe('The session; the `sid` of its access tokens.');
// Open sets: a word that a consumer doesn't know must not make a dead letter of the event.
const method = z.string().describe('How: `password`. More may come.');

export const signedIn = defineEvent({
  name: 'user.signed_in',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'A session was opened.',
  schema: z.object({
    userId,
    sessionId,
    method,
    newDevice: z.boolean().describe('Whether the account was never used from there before, as far as we can tell.'),
  }),
  pii: [],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    sessionId: '0192f1a0-7c00-7bbb-8ccc-23456789abcd',
    method: 'password',
    newDevice: true,
  },
});

export const signInFailed = defineEvent({
  name: 'user.sign_in_failed',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'Somebody tried to sign in to an account that exists, and was refused.',
  schema: z.object({
    userId,
    method,
    reason: z.string().describe('`wrong_password`, `no_password`, `email_unverified`, `throttled`. More may come.'),
    newDevice: z.boolean().optional().describe('As in `user.signed_in`, where it can be told.'),
  }),
  pii: [],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    method: 'password',
    reason: 'wrong_password',
    newDevice: true,
  },
});

export const sessionRevoked = defineEvent({
  name: 'user.session_revoked',
  version: 1,
  stream,
  aggregate: 'userId',
  description: 'One session, or all of an account, ended before their time. Refuse their access tokens.',
  schema: z.object({
    userId,
    sessionId: z.union([sessionId, z.literal('all')]).describe('The session, or `all` of the account.'),
    exceptSessionId: sessionId.optional().describe('With `all`: the one session that goes on.'),
    reason: z
      .string()
      .describe(
        '`sign_out`, `revoked`, `refresh_token_reused`, `password_changed`, `password_reset`, `admin`. More may come.',
      ),
    revokedBefore: z.iso.datetime().describe('Access tokens issued (`iat`) before this moment are void.'),
  }),
  pii: [],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    sessionId: 'all',
    exceptSessionId: '0192f1a0-7c00-7bbb-8ccc-23456789abcd',
    reason: 'password_changed',
    revokedBefore: '2026-11-24T09:00:00.000Z',
  },
});

export const refreshTokenReused = defineEvent({
  name: 'user.refresh_token_reused',
  version: 1,
  stream,
  aggregate: 'userId',
  description:
    'A refresh token that had its successor came again: two hold it, so one stole it. The session has ended.',
  schema: z.object({ userId, sessionId }),
  pii: [],
  sample: {
    userId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    sessionId: '0192f1a0-7c00-7bbb-8ccc-23456789abcd',
  },
});

export const sessionEvents = [signedIn, signInFailed, sessionRevoked, refreshTokenReused] as const;
