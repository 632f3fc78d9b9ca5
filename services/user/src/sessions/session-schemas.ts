import { emailAddress } from '@postrider/contracts';
import { z } from 'zod';
import { displayName } from '../accounts/display-name.ts';
import type { Granted, SessionFacts } from './grant.ts';
import { accessTokenSeconds } from './tokens/access-token.ts';

/* The bodies of the routes of sessions, and how facts become them. */

const sampleSession = {
  id: '0192f1a0-7c00-7bbb-8ccc-23456789abcd',
  deviceLabel: 'Ada’s laptop',
  userAgent: 'curl/8.17.0',
  createdAt: '2026-11-24T09:00:00.000Z',
  lastUsedAt: '2026-11-24T09:00:00.000Z',
  expiresAt: '2026-12-01T09:00:00.000Z',
  expiresAtLatest: '2026-12-24T09:00:00.000Z',
  isCurrent: true,
};
const sampleAccessToken = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IuKApiJ9.eyJzdWIiOiLigKYifQ.MEUCIQ';
const sampleRefreshToken = 'AZLxoHwAe7uMzCNFZ4mrzQ'.padEnd(86, 'x');

export const signInBody = z
  .strictObject({
    email: emailAddress,
    password: z.string().min(1).max(4096),
    deviceLabel: displayName.optional().describe('What the person will know this device by.'),
    mode: z
      .enum(['bearer', 'cookie'])
      .default('bearer')
      .describe('`cookie`: for pages that should not see tokens. They come as `__Host-` cookies, and not in the body.'),
  })
  .meta({
    examples: [{ email: 'ada@example.com', password: 'correct horse battery staple', deviceLabel: 'Ada’s laptop' }],
  });

export const refreshBody = z
  .strictObject({ refreshToken: z.string().min(1).max(512).optional() })
  .nullish()
  .describe('Nothing in cookie mode.')
  .meta({ examples: [{ refreshToken: sampleRefreshToken }] });

const session = z
  .object({
    id: z.uuid().describe('The `sid` of its access tokens.'),
    deviceLabel: z.string().optional(),
    userAgent: z.string().optional(),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().describe('When it was last refreshed.'),
    expiresAt: z.iso.datetime().describe('When it ends unless it is refreshed.'),
    expiresAtLatest: z.iso.datetime().describe('When it ends in any case.'),
    isCurrent: z.boolean().describe('Whether this request came from it.'),
  })
  .meta({ id: 'Session', examples: [sampleSession] });

export const grantedBody = z
  .object({
    accessToken: z.string().optional().describe('A JWT (RFC 9068): `Authorization: Bearer …`. Not in cookie mode.'),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().describe('Seconds that the access token is good for.'),
    refreshToken: z.string().optional().describe('Good for one exchange. Not in cookie mode.'),
    session,
  })
  .describe('A session, and what proves it.')
  .meta({
    examples: [
      {
        accessToken: sampleAccessToken,
        tokenType: 'Bearer',
        expiresIn: accessTokenSeconds,
        refreshToken: sampleRefreshToken,
        session: sampleSession,
      },
    ],
  });

export const sessionsBody = z
  .object({ sessions: z.array(session), nextCursor: z.string().optional().describe('There are more: ask with it.') })
  .describe('Live sessions, the newest first.')
  .meta({ examples: [{ sessions: [sampleSession] }] });

export function toSession(facts: SessionFacts, currentId: string): z.infer<typeof session> {
  const { id, deviceLabel, userAgent } = facts;
  return {
    id,
    ...(deviceLabel !== null && deviceLabel !== undefined && { deviceLabel }),
    ...(userAgent !== null && userAgent !== undefined && { userAgent }),
    createdAt: toText(facts.createdAt),
    lastUsedAt: toText(facts.lastUsedAt),
    expiresAt: toText(facts.expiresAt),
    expiresAtLatest: toText(facts.expiresAtLatest),
    isCurrent: id === currentId,
  };
}

/** Without the tokens where cookies carry them. */
export function toGranted(granted: Granted, mode: 'bearer' | 'cookie'): z.infer<typeof grantedBody> {
  const { accessToken, refreshToken, session } = granted;
  return {
    ...(mode === 'bearer' && { accessToken, refreshToken }),
    tokenType: 'Bearer',
    expiresIn: accessTokenSeconds,
    session: toSession(session, session.id),
  };
}

/** The driver gives some times as text. */
function toText(time: Date | string): string {
  return new Date(time).toISOString();
}
