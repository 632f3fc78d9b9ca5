import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { unitOfWork } from '@postrider/outbox';
import {
  checkCode,
  consumeChallenge,
  consumeToken,
  invalidOrExpired,
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
  if ('token' in command) return confirm(context, 'link', (em) => consumeToken(em, purpose, command.token));
  const em = context.em.fork();
  const email = (await emailOfFlow(em, command.flowId)) ?? '';
  const challengeId = await checkCode(em, purpose, email, command.code, context.codeKey);
  return confirm(context, 'code', (em) => consumeChallenge(em, purpose, challengeId));
}

async function confirm(
  context: AccountsContext,
  method: 'link' | 'code',
  consume: (em: EntityManager) => Promise<Proof>,
): Promise<void> {
  await unitOfWork(context, async ({ em, record }) => {
    const proof = await consume(em);
    const user = await em.findOne(User, { id: proof.userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const events = user?.verifyEmail(proof.email, method) ?? [];
    if (events.length === 0) throw invalidOrExpired(); // The account's address is another one by now.
    await supersedeChallenges(em, proof.userId, context.now());
    record(...events);
  });
}
