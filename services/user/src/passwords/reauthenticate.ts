import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import type { Identity } from '../sessions/tokens/access-token.ts';
import { checkPassword } from './check-password.ts';

/** How long a password that was just typed speaks for the session. */
const validMinutes = 5;

/**
 * Notes that whoever uses the session has just proved the password: what could cost somebody their account asks for that.
 *
 * @returns until when it counts
 * @throws {DomainError} `invalid_credentials`, `too_many_tries`, `busy`
 */
export async function reauthenticate(context: AccountsContext, identity: Identity, password: string): Promise<Date> {
  await checkPassword(context, identity, password);
  const [noted] = await query<{ validUntil: Date }>(
    context.em.fork(),
    `update reauthentication set valid_until = now() + $2 * interval '1 minute', tries = 0
     where session_id = $1 returning valid_until as "validUntil"`,
    [identity.sessionId, validMinutes],
  );
  if (noted === undefined) throw new DomainError('unauthenticated', 'invalid_token', 'The session has ended.');
  return new Date(noted.validUntil);
}

/**
 * Refuses what needs the password to be proven a moment ago, by this very session.
 *
 * @throws {DomainError} `reauth_required` (401)
 */
export async function requireReauthentication(em: EntityManager, { sessionId }: Identity): Promise<void> {
  const recent = await query(em, 'select 1 from reauthentication where session_id = $1 and valid_until > now()', [
    sessionId,
  ]);
  if (recent.length === 0)
    throw new DomainError('unauthenticated', 'reauth_required', 'Prove your password first: /v1/me/reauthentications.');
}
