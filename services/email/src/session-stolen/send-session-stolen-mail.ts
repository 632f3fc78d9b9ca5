import type { EventOf, refreshTokenReused } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { resetPage, sendNotice } from '../contacts/send-notice.ts';
import type { MailDeps } from '../mail-deps.ts';
import { sessionStolen } from './session-stolen.ts';

/** Tells the owner of an account that a copied refresh token ended a session. */
export function sendSessionStolenMail(deps: MailDeps) {
  return async (event: EventOf<typeof refreshTokenReused>, delivery: Delivery): Promise<void> => {
    const data = { at: event.time, resetUrl: resetPage(deps) };
    await sendNotice(deps, { event, userId: event.data.userId, mail: sessionStolen, data }, delivery);
  };
}
