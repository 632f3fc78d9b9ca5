import type { AccountsContext } from './accounts-context.ts';
import { User } from './user.ts';

/**
 * Does once what a registration does, less the writing: the first of each loads native code, opens a connection and compiles, and that
 * made the first person after a start wait four times as long as the second.
 */
export async function warmUp(context: Omit<AccountsContext, 'headers'>): Promise<void> {
  const nobody = 'nobody@example.invalid';
  await context.passwords.hash('a password that opens nothing');
  await context.prepareChallenge('email_verification', nobody, context.now());
  await context.em.fork().transactional(async (em) => em.findOne(User, { email: nobody }));
}
