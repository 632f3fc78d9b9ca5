import type { EventOf, registrationAttempted as registrationAttemptedEvent } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { deliverMail } from '../ledger/deliver-mail.ts';
import type { MailDeps } from '../mail-deps.ts';
import { registrationAttempted } from './registration-attempted.ts';

/** Tells the owner of an account that their address was submitted again. */
export function sendRegistrationAttemptedMail(deps: MailDeps) {
  return async (event: EventOf<typeof registrationAttemptedEvent>, delivery: Delivery): Promise<void> => {
    const { email, locale } = event.data;
    const prepare = async () => registrationAttempted.render({ homeUrl: deps.publicUrl }, locale);
    const order = { event, mail: registrationAttempted, from: deps.from, to: email, prepare };
    await deliverMail(deps.ledger, order, delivery);
  };
}
