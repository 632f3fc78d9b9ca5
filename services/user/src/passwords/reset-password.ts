import type { EntityManager } from '@mikro-orm/postgresql';
import { unitOfWork } from '@postrider/outbox';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import { emailOfFlow } from '../accounts/verification-flow.ts';
import {
  addressOfToken,
  checkCode,
  consumeChallenge,
  consumeToken,
  invalidOrExpired,
  ownerOfChallenge,
  ownerOfToken,
  type Proof,
} from '../challenges/consume-challenge.ts';
import { supersedeChallenges } from '../challenges/issue-challenge.ts';
import { holdUser } from '../sessions/hold-user.ts';
import { revokeSessions } from '../sessions/revoke-sessions.ts';

export type ResetPassword = { readonly newPassword: string } & (
  | { readonly token: string }
  | { readonly flowId: string; readonly code: string }
);

const purpose = 'password_reset';

/**
 * Sets a new password by the link's token or by flow and code, and ends everything that the old one, or whoever knew it, may have left:
 * all sessions, all open challenges. Works once. It opens no session.
 *
 * The password is judged before the token is used or a try of the code counted: a refused one can be mended with the same link.
 *
 * @throws {DomainError} `password_policy`; `busy`; `invalid_or_expired`, whatever the cause
 */
export async function resetPassword(context: AccountsContext, command: ResetPassword): Promise<void> {
  const em = context.em.fork();
  if ('token' in command) {
    const { token } = command;
    const address = await addressOfToken(em, purpose, token);
    context.passwordPolicy.refuseWeak(command.newPassword, address ?? '');
    if (address === undefined) throw invalidOrExpired(); // Before the hash: made-up tokens must not keep the pool busy.
    const findOwner = (em: EntityManager) => ownerOfToken(em, token);
    return setPassword(context, command.newPassword, {
      method: 'link',
      findOwner,
      consume: (em) => consumeToken(em, purpose, token),
    });
  }
  const email = (await emailOfFlow(em, command.flowId)) ?? '';
  context.passwordPolicy.refuseWeak(command.newPassword, email);
  const challengeId = await checkCode(em, purpose, email, command.code, context.codeKey);
  const findOwner = (em: EntityManager) => ownerOfChallenge(em, challengeId);
  return setPassword(context, command.newPassword, {
    method: 'code',
    findOwner,
    consume: (em) => consumeChallenge(em, purpose, challengeId),
  });
}

interface Confirmation {
  readonly method: 'link' | 'code';
  readonly findOwner: (em: EntityManager) => Promise<string | undefined>;
  readonly consume: (em: EntityManager) => Promise<Proof>;
}

/** The account's row is locked before those of challenges and sessions, as everywhere: the other order would deadlock. */
async function setPassword(
  context: AccountsContext,
  newPassword: string,
  { method, findOwner, consume }: Confirmation,
): Promise<void> {
  const passwordHash = await context.passwords.hash(newPassword);
  await unitOfWork(context, async (unit) => {
    const { em, record } = unit;
    const ownerId = await findOwner(em);
    if (ownerId === undefined) throw invalidOrExpired();
    const user = await holdUser(em, { id: ownerId });
    const proof = await consume(em);
    if (user === null || proof.email !== user.email) throw invalidOrExpired(); // Its address is another one by now.
    const at = context.now();
    await supersedeChallenges(em, user.id, at);
    const sessionsRevoked = await revokeSessions(unit, user.id, { reason: 'password_reset' });
    record(...user.verifyEmail(proof.email, method), ...user.resetPassword(passwordHash, { at, sessionsRevoked }));
  });
}
