import { unitOfWork } from '@postrider/outbox';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import { openFlow } from '../accounts/verification-flow.ts';
import { issueChallenge } from '../challenges/issue-challenge.ts';
import { endMailTurn, takeMailTurn } from '../challenges/mail-cooldown.ts';
import { pretendChallenge, pretendEvent } from '../challenges/pretend-challenge.ts';
import { hashAddress } from '../challenges/secrets.ts';
import { holdUser } from '../sessions/hold-user.ts';

/**
 * Sends the owner of an account what sets a new password without the old one. The answer and the work are the same for every state of the
 * address. Within the cooldown nothing is sent and the mail before stays good.
 *
 * An account whose address nobody has proved gets the mail as well: whoever reads it owns the address.
 *
 * @returns the flow for the client that asked; for an address without an account it leads nowhere, and shows it by nothing
 */
export async function requestPasswordReset(
  context: AccountsContext,
  { email }: { readonly email: string },
): Promise<{ flowId: string }> {
  const { now, prepareChallenge, codeKey } = context;
  const prepared = await prepareChallenge('password_reset', email, now());
  const answer = await unitOfWork(context, async ({ em, record }) => {
    const addressKey = hashAddress(email, codeKey);
    const { isDue } = await takeMailTurn(em, addressKey, context.mailCap);
    const user = await holdUser(em, { email });
    const isMailed = isDue && user !== null;
    await endMailTurn(em, addressKey, isMailed);
    if (isMailed) {
      await issueChallenge(em, user.id, prepared, now());
      record(...user.challengePasswordReset(prepared));
    } else {
      await pretendChallenge(em, prepared, now());
      await pretendEvent(em, prepared);
    }
    return { flowId: await openFlow(em, email, now()) };
  });
  context.bell.ring(); // Whatever happened: to wake the relay is work, too.
  return answer;
}
