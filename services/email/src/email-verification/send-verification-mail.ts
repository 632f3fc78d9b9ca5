import type { emailVerificationIssued, EventOf } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { deliverMail } from '../ledger/deliver-mail.ts';
import type { MailDeps } from '../mail-deps.ts';
import { openSealed } from '../sealing/open-sealed.ts';
import { emailVerification } from './email-verification.ts';

/** Sends the link and the code of a challenge. They are opened for the moment in which the mail is made, and kept nowhere. */
export function sendVerificationMail(deps: MailDeps) {
  return async (event: EventOf<typeof emailVerificationIssued>, delivery: Delivery): Promise<void> => {
    const { challengeId, email, expiresAt, codeExpiresAt, locale, sealed } = event.data;
    const expected = { challengeId, purpose: 'email_verification', email, expiresAt };
    const prepare = async () => {
      const { token, code } = await openSealed(deps.sealingKeys, sealed, expected);
      // In the fragment, which no browser sends to a server.
      const confirmUrl = `${deps.publicUrl}/confirm#verify=${token}`;
      const data = { confirmUrl, code, issuedAt: event.time, codeExpiresAt, linkExpiresAt: expiresAt };
      return emailVerification.render(data, locale);
    };
    const order = { event, mail: emailVerification, from: deps.from, to: email, expiresAt, prepare };
    await deliverMail(deps.ledger, order, delivery);
  };
}
