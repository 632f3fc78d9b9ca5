import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { unitOfWork } from '@postrider/outbox';
import {
  checkCode,
  consumeChallenge,
  consumeToken,
  invalidOrExpired,
  ownerOfChallenge,
  ownerOfToken,
  type Proof,
} from '../challenges/consume-challenge.ts';
import { supersedeChallenges } from '../challenges/issue-challenge.ts';
import type { AccountsContext } from './accounts-context.ts';
import { User } from './user.ts';
import { emailOfFlow } from './verification-flow.ts';

export type VerifyEmail = { readonly token: string } | { readonly flowId: string; readonly code: string };

const purpose = 'email_verification';

/**
 * Confirms an address, by the link's token or by flow and code. Works once: of any number of callers one succeeds, and one event is
 * recorded. It opens no session.
 *
 * @throws {DomainError} `invalid_or_expired`, whatever the cause
 */
export async function verifyEmail(context: AccountsContext, command: VerifyEmail): Promise<void> {
  if ('token' in command) {
    const { token } = command;
    const findOwner = (em: EntityManager) => ownerOfToken(em, token);
    return confirm(context, { method: 'link', findOwner, consume: (em) => consumeToken(em, purpose, token) });
  }
  const em = context.em.fork();
  const email = (await emailOfFlow(em, command.flowId)) ?? '';
  const challengeId = await checkCode(em, purpose, email, command.code, context.codeKey);
  const findOwner = (em: EntityManager) => ownerOfChallenge(em, challengeId);
  return confirm(context, { method: 'code', findOwner, consume: (em) => consumeChallenge(em, purpose, challengeId) });
}

interface Confirmation {
  readonly method: 'link' | 'code';
  readonly findOwner: (em: EntityManager) => Promise<string | undefined>;
  readonly consume: (em: EntityManager) => Promise<Proof>;
}

/** The account's row is locked before the challenge's, as registering and resending do: the other order would deadlock with them. */
async function confirm(context: AccountsContext, { method, findOwner, consume }: Confirmation): Promise<void> {
  await unitOfWork(context, async ({ em, record }) => {
    const ownerId = await findOwner(em);
    if (ownerId === undefined) throw invalidOrExpired();
    const user = await em.findOne(User, { id: ownerId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const proof = await consume(em);
    const events = user?.verifyEmail(proof.email, method) ?? [];
    if (events.length === 0) throw invalidOrExpired(); // The account's address is another one by now.
    await supersedeChallenges(em, proof.userId, context.now(), purpose);
    record(...events);
  });
}
