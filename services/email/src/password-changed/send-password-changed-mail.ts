import type { EventOf, passwordChanged as changedEvent } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { resetPage, sendNotice } from '../contacts/send-notice.ts';
import type { MailDeps } from '../mail-deps.ts';
import { passwordChanged } from './password-changed.ts';

/** Tells the owner of an account that its password was set, by whoever knew the old one or by a reset: both events say the same. */
export function sendPasswordChangedMail(deps: MailDeps) {
  return async (event: EventOf<typeof changedEvent>, delivery: Delivery): Promise<void> => {
    const { userId, at } = event.data;
    const data = { at, resetUrl: resetPage(deps) };
    await sendNotice(deps, { event, userId, mail: passwordChanged, data }, delivery);
  };
}
