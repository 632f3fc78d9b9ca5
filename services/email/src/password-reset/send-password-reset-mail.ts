import type { EventOf, passwordResetIssued } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { deliverMail } from '../ledger/deliver-mail.ts';
import type { MailDeps } from '../mail-deps.ts';
import { openSealed } from '../sealing/open-sealed.ts';
import { passwordReset } from './password-reset.ts';

/** Sends the link and the code of a challenge. They are opened for the moment in which the mail is made, and kept nowhere. */
export function sendPasswordResetMail(deps: MailDeps) {
  return async (event: EventOf<typeof passwordResetIssued>, delivery: Delivery): Promise<void> => {
    const { challengeId, email, expiresAt, codeExpiresAt, locale, sealed } = event.data;
    const expected = { challengeId, purpose: 'password_reset', email, expiresAt };
    const prepare = async () => {
      const { token, code } = await openSealed(deps.sealingKeys, sealed, expected);
      // In the fragment, which no browser sends to a server.
      const resetUrl = `${deps.publicUrl}/reset#reset=${token}`;
      const data = { resetUrl, code, issuedAt: event.time, codeExpiresAt, linkExpiresAt: expiresAt };
      return passwordReset.render(data, locale);
    };
    const order = { event, mail: passwordReset, from: deps.from, to: email, expiresAt, prepare };
    await deliverMail(deps.ledger, order, delivery);
  };
}
