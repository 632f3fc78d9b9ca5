import type { EntityManager } from '@mikro-orm/postgresql';
import { refreshTokenReused } from '@postrider/contracts';
import { unitOfWork } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import { type Granted, grant, type SessionFacts, sessionFactsSql } from './grant.ts';
import { holdUser } from './hold-user.ts';
import { revokeSession } from './revoke-sessions.ts';
import { isLiveSql } from './session-state.ts';
import type { SessionsContext } from './sessions-context.ts';
import { readRefreshToken, type RefreshToken } from './tokens/refresh-token.ts';

/**
 * The theory. A session's row holds the hash of the one refresh token that is current. Exchanging it is one statement, whose condition is
 * that hash: of any number of callers the row lock lets one through, and the others, woken when it commits, find another
 * hash and no row to change. The token it replaced is noted as spent in the same statement.
 *
 * Who comes with a token that is not current:
 * - spent within the grace: a second tab, a lost answer, a retry. They get what the first one got, as its successor can be made again
 *   (refresh-token.ts). Where that was spent in the meantime too, they get the newest, or a browser that hears our answers in
 *   another order would keep an older one and be taken for a thief when it comes back.
 * - genuine, but not within the grace: two hold it, and one of them stole it. We can't tell which one is asking, so the session ends for both,
 *   once, and says so (RFC 9700 §4.14.2).
 * - neither: somebody made it up. Nothing happens, or whoever knows a session's id could end it.
 *
 * Killed before the statement commits, nothing was exchanged; after it, the client has no answer and asks again within the grace.
 * All times are the database's.
 *
 * @throws {DomainError} `refresh_invalid`, `refresh_reused`
 */
export async function refreshSession(context: SessionsContext, text: string): Promise<Granted> {
  const presented = readRefreshToken(text);
  if (presented === undefined) throw refreshInvalid();
  const successor = context.refreshTokens.successor(presented);
  const em = context.em.fork();
  const exchanged = await exchange(em, context, presented, successor);
  if (exchanged !== undefined) return grant(context, exchanged, successor);
  const session = await lookAgain(em, context, presented.sessionId);
  if (session === undefined) throw refreshInvalid();
  const newest = newestAfter(context, session.spentHashes, presented);
  if (newest.hash === session.tokenHash) return grant(context, session, newest);
  if (!context.refreshTokens.isGenuine(presented)) throw refreshInvalid();
  await endStolen(context, session);
  throw new DomainError(
    'unauthenticated',
    'refresh_reused',
    'This token was used before. Its session has ended: sign in again.',
  );
}

async function exchange(
  em: EntityManager,
  { sessions: { idleDays, graceSeconds } }: SessionsContext,
  presented: RefreshToken,
  successor: RefreshToken,
): Promise<SessionFacts | undefined> {
  const [session] = await query<SessionFacts>(
    em,
    `with exchanged as (
       update session set token_hash = $3, last_used_at = now(),
         expires_at = least(now() + $4 * interval '1 day', expires_at_latest)
       where id = $1 and token_hash = $2 and ${isLiveSql} returning *),
     spent as (insert into spent_refresh_token (token_hash, session_id) select $2, id from exchanged),
     forgotten as (
       delete from spent_refresh_token s using exchanged e
       where s.session_id = e.id and s.spent_at <= now() - $5 * interval '1 second')
     select ${sessionFactsSql} from exchanged`,
    [presented.sessionId, presented.hash, successor.hash, idleDays, graceSeconds],
  );
  return session;
}

type Looked = SessionFacts & { readonly tokenHash: string; readonly spentHashes: readonly string[] };

async function lookAgain(
  em: EntityManager,
  { sessions: { graceSeconds } }: SessionsContext,
  sessionId: string,
): Promise<Looked | undefined> {
  const [session] = await query<Looked>(
    em,
    `select ${sessionFactsSql}, token_hash as "tokenHash", array(
       select s.token_hash from spent_refresh_token s
       where s.session_id = session.id and s.spent_at > now() - $2 * interval '1 second') as "spentHashes"
     from session where id = $1 and ${isLiveSql}`,
    [sessionId, graceSeconds],
  );
  return session;
}

/** Ends: each step takes one of the spent ones. */
function newestAfter(
  { refreshTokens }: SessionsContext,
  spentHashes: readonly string[],
  presented: RefreshToken,
): RefreshToken {
  const spent = new Set(spentHashes);
  let token = presented;
  while (spent.delete(token.hash)) token = refreshTokens.successor(token);
  return token;
}

/** However often it is presented, it ends once. */
async function endStolen(context: SessionsContext, { id: sessionId, userId }: SessionFacts): Promise<void> {
  await unitOfWork(context, async (unit) => {
    await holdUser(unit.em, { id: userId });
    const events = refreshTokenReused.create({ userId, sessionId });
    if (await revokeSession(unit, userId, sessionId, 'refresh_token_reused')) unit.record(events);
  });
}

function refreshInvalid(): DomainError {
  return new DomainError(
    'unauthenticated',
    'refresh_invalid',
    'The refresh token is not valid any more. Sign in again.',
  );
}
