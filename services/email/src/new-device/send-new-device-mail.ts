import type { EventOf, signedIn } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { resetPage, sendNotice } from '../contacts/send-notice.ts';
import type { MailDeps } from '../mail-deps.ts';
import { newDevice } from './new-device.ts';

/** Tells the owner of an account of a sign-in from a new device; of others nobody needs to hear. */
export function sendNewDeviceMail(deps: MailDeps) {
  return async (event: EventOf<typeof signedIn>, delivery: Delivery): Promise<void> => {
    if (!event.data.newDevice) return;
    const data = { at: event.time, resetUrl: resetPage(deps) };
    await sendNotice(deps, { event, userId: event.data.userId, mail: newDevice, data }, delivery);
  };
}
