import { LockMode } from '@mikro-orm/core';
import { unitOfWork } from '@postrider/outbox';
import { issueChallenge } from '../challenges/issue-challenge.ts';
import { endMailTurn, takeMailTurn } from '../challenges/mail-cooldown.ts';
import { pretendChallenge, pretendEvent } from '../challenges/pretend-challenge.ts';
import { hashAddress } from '../challenges/secrets.ts';
import type { AccountsContext } from './accounts-context.ts';
import { User } from './user.ts';
import { emailOfFlow } from './verification-flow.ts';

export type ResendVerification = { readonly email: string } | { readonly flowId: string };

/** A name that no account can have: an unknown flow does the same work as a known one. */
const nobody = 'nobody@invalid';

/**
 * Sends another verification to an unverified account, and ends the one before. Within the cooldown nothing is sent and the old one
 * stays alive. The answer and the work before the transaction are the same for every state of the address.
 */
export async function resendVerification(context: AccountsContext, command: ResendVerification): Promise<void> {
  const { em, now, prepareChallenge, codeKey } = context;
  const email = 'email' in command ? command.email : ((await emailOfFlow(em.fork(), command.flowId)) ?? nobody);
  const prepared = await prepareChallenge('email_verification', email, now());
  await unitOfWork(context, async ({ em, record }) => {
    const addressKey = hashAddress(email, codeKey);
    const { isDue } = await takeMailTurn(em, addressKey, context.mailCap);
    const user = await em.findOne(User, { email }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const isMailed = isDue && user !== null && !user.isEmailVerified;
    await endMailTurn(em, addressKey, isMailed);
    if (isMailed) {
      await issueChallenge(em, user.id, prepared, now());
      return record(...user.challengeEmail(prepared));
    }
    await pretendChallenge(em, prepared, now());
    await pretendEvent(em, prepared);
  });
  context.bell.ring(); // Whatever happened: to wake the relay is work, too.
}
