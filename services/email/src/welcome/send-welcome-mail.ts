import type { emailVerified, EventOf } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { deliverMail } from '../ledger/deliver-mail.ts';
import type { MailDeps } from '../mail-deps.ts';
import { welcome } from './welcome.ts';

/** Welcomes whoever confirmed their address for the first time. */
export function sendWelcomeMail(deps: MailDeps) {
  return async (event: EventOf<typeof emailVerified>, delivery: Delivery): Promise<void> => {
    const { email, locale } = event.data;
    const prepare = async () => welcome.render({ homeUrl: deps.publicUrl }, locale);
    await deliverMail(deps.ledger, { event, mail: welcome, from: deps.from, to: email, prepare }, delivery);
  };
}
