import { unitOfWork } from '@postrider/outbox';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import { supersedeChallenges } from '../challenges/issue-challenge.ts';
import { holdUser } from '../sessions/hold-user.ts';
import { revokeSessions } from '../sessions/revoke-sessions.ts';
import type { Identity } from '../sessions/tokens/access-token.ts';
import { checkPassword, wrongPassword } from './check-password.ts';

export interface ChangePassword {
  readonly currentPassword: string;
  readonly newPassword: string;
  /** End all sessions but the one that asks. */
  readonly revokeOthers: boolean;
}

/**
 * Sets another password for whoever is signed in and knows the old one. Links and codes to reset it are void from then on.
 *
 * @throws {DomainError} `invalid_credentials`, `password_policy`, `too_many_tries`, `busy`
 */
export async function changePassword(
  context: AccountsContext,
  identity: Identity,
  command: ChangePassword,
): Promise<void> {
  const { user: known, stored } = await checkPassword(context, identity, command.currentPassword);
  context.passwordPolicy.refuseWeak(command.newPassword, known.email);
  const passwordHash = await context.passwords.hash(command.newPassword);
  await unitOfWork(context, async (unit) => {
    const { em, record } = unit;
    const user = await holdUser(em, { id: identity.userId });
    if (user === null || user.passwordHash !== stored) throw wrongPassword(); // Changed or reset while we hashed.
    const at = context.now();
    await supersedeChallenges(em, user.id, at, 'password_reset');
    const except = identity.sessionId;
    const sessionsRevoked = command.revokeOthers
      ? await revokeSessions(unit, user.id, { except, reason: 'password_changed' })
      : 0;
    record(...user.changePassword(passwordHash, { at, sessionsRevoked }));
  });
}
