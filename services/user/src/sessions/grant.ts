import type { Session } from './session.ts';
import type { SessionsContext } from './sessions-context.ts';
import type { RefreshToken } from './tokens/refresh-token.ts';

/** What a client holds of a session. */
export interface Granted {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly session: SessionFacts;
}

/** What may be told of a session to whom it belongs. */
export type SessionFacts = Pick<
  Session,
  'id' | 'userId' | 'deviceLabel' | 'userAgent' | 'createdAt' | 'lastUsedAt' | 'expiresAt' | 'expiresAtLatest'
>;

/** The same, from SQL. */
export const sessionFactsSql = `id, user_id as "userId", device_label as "deviceLabel", user_agent as "userAgent",
  created_at as "createdAt", last_used_at as "lastUsedAt", expires_at as "expiresAt", expires_at_latest as "expiresAtLatest"`;

/** A fresh access token beside the session's refresh token. */
export async function grant(
  { accessTokens, now }: Pick<SessionsContext, 'accessTokens' | 'now'>,
  session: SessionFacts,
  token: RefreshToken,
): Promise<Granted> {
  const identity = { userId: session.userId, sessionId: session.id };
  return { accessToken: await accessTokens.issueAccessToken(identity, now()), refreshToken: token.text, session };
}
