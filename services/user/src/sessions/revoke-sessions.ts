import { sessionRevoked } from '@postrider/contracts';
import type { Unit } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import type { EndReason } from './session.ts';
import { isLiveSql } from './session-state.ts';

export interface RevokeSessions {
  /** The one that goes on. */
  readonly except?: string | undefined;
  readonly reason: EndReason;
}

/**
 * Ends the sessions of a user, with their refresh tokens, inside a unit of work that holds the user's row (so that no sign-in that
 * began before opens one behind its back, and events keep their order). Records `session_revoked`, once, where there was any.
 *
 * @returns how many ended
 */
export async function revokeSessions(
  { em, record }: Unit,
  userId: string,
  { except, reason }: RevokeSessions,
): Promise<number> {
  const ended = await query<{ endedAt: Date }>(
    em,
    `update session set ended_at = now(), end_reason = $3
     where user_id = $1 and id is distinct from $2::uuid and ${isLiveSql} returning ended_at as "endedAt"`,
    [userId, except ?? null, reason],
  );
  const [first] = ended;
  if (first === undefined) return 0;
  const exception = except === undefined ? {} : { exceptSessionId: except };
  const revokedBefore = new Date(first.endedAt).toISOString();
  record(sessionRevoked.create({ userId, sessionId: 'all', ...exception, reason, revokedBefore }));
  return ended.length;
}

/**
 * Ends one session of a user, under the same conditions as {@link revokeSessions}.
 *
 * @returns whether it was one of theirs, and live
 */
export async function revokeSession(
  { em, record }: Unit,
  userId: string,
  sessionId: string,
  reason: EndReason,
): Promise<boolean> {
  const [ended] = await query<{ endedAt: Date }>(
    em,
    `update session set ended_at = now(), end_reason = $3
     where id = $2 and user_id = $1 and ${isLiveSql} returning ended_at as "endedAt"`,
    [userId, sessionId, reason],
  );
  if (ended === undefined) return false;
  record(sessionRevoked.create({ userId, sessionId, reason, revokedBefore: new Date(ended.endedAt).toISOString() }));
  return true;
}
