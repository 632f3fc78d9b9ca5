import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import { User } from '../accounts/user.ts';
import { isSameHash } from '../challenges/secrets.ts';
import type { Identity } from '../sessions/tokens/access-token.ts';

const triesPerWindow = 10;
const windowMinutes = 15;

/**
 * Compares a password with that of whoever is signed in. Each try is counted, and committed, before the comparison, so that parallel
 * guesses from a stolen session count like successive ones; the owner's other sessions and sign-ins are not held up by them.
 *
 * @returns the hash it was compared with: whoever acts on it must see that it is still the account's, under the account's lock
 * @throws {DomainError} `invalid_credentials` (401), `too_many_tries` (429), `busy`
 */
export async function checkPassword(
  context: AccountsContext,
  { userId, sessionId }: Identity,
  password: string,
): Promise<{ user: User; stored: string }> {
  const em = context.em.fork();
  const counted = await query(em, countTry, [sessionId, triesPerWindow, windowMinutes]);
  if (counted.length === 0) throw tooManyTries();
  const user = await em.findOne(User, { id: userId });
  const stored = user?.passwordHash ?? undefined;
  const hashed = await context.passwords.hash(password, stored);
  if (user === null || stored === undefined || !isSameHash(stored, hashed)) throw wrongPassword();
  return { user, stored };
}

export function wrongPassword(): DomainError {
  return new DomainError('unauthenticated', 'invalid_credentials', 'The password is wrong.');
}

const countTry = `
  insert into reauthentication as r (session_id) values ($1)
  on conflict (session_id) do update set
    tries = case when ${isOver('$3')} then 1 else r.tries + 1 end,
    tries_since = case when ${isOver('$3')} then now() else r.tries_since end
  where r.tries < $2 or ${isOver('$3')}
  returning 1`;

function isOver(minutes: string): string {
  return `r.tries_since <= now() - ${minutes} * interval '1 minute'`;
}

function tooManyTries(): DomainError {
  return new DomainError('too_many', 'too_many_tries', 'Too many wrong passwords from this session. Try again later.', {
    retryAfterSeconds: windowMinutes * 60,
  });
}
