import { unitOfWork } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import { holdUser } from './hold-user.ts';
import { revokeSession, revokeSessions } from './revoke-sessions.ts';
import type { EndReason } from './session.ts';
import { isLiveSql } from './session-state.ts';
import type { SessionsContext } from './sessions-context.ts';
import type { Identity } from './tokens/access-token.ts';
import { readRefreshToken } from './tokens/refresh-token.ts';

/**
 * Ends one session of whoever asks.
 *
 * @throws {DomainError} `not_found`, the same for another person's session, an ended one and none
 */
export async function endSession(
  context: SessionsContext,
  userId: string,
  sessionId: string,
  reason: Extract<EndReason, 'sign_out' | 'revoked'>,
): Promise<void> {
  await unitOfWork(context, async (unit) => {
    await holdUser(unit.em, { id: userId });
    if (!(await revokeSession(unit, userId, sessionId, reason)))
      throw new DomainError('not_found', 'not_found', 'There is no such session.');
  });
}

/** Ends all sessions of whoever asks but the one they ask from. */
export async function endOtherSessions(context: SessionsContext, { userId, sessionId }: Identity): Promise<void> {
  await unitOfWork(context, async (unit) => {
    await holdUser(unit.em, { id: userId });
    await revokeSessions(unit, userId, { except: sessionId, reason: 'revoked' });
  });
}

/** Whose session a refresh token is of, for a browser that signs out with no access token left; undefined where it is not current. */
export async function ownerOfRefreshToken(
  context: Pick<SessionsContext, 'em'>,
  text: string,
): Promise<Identity | undefined> {
  const token = readRefreshToken(text);
  if (token === undefined) return undefined;
  const [identity] = await query<Identity>(
    context.em.fork(),
    `select id as "sessionId", user_id as "userId" from session where id = $1 and token_hash = $2 and ${isLiveSql}`,
    [token.sessionId, token.hash],
  );
  return identity;
}
