import type { Envelope } from '@postrider/contracts';
import type { Delivery } from '@postrider/messaging';
import { deliverMail } from '../ledger/deliver-mail.ts';
import type { Mail } from '../mail/define-mail.ts';
import type { MailDeps } from '../mail-deps.ts';
import { findContact } from './find-contact.ts';

/** What a notice tells: this mail, with these data, to the owner of this account. */
export interface Notice<Data> {
  readonly event: Envelope;
  readonly userId: string;
  readonly mail: Mail<Data>;
  readonly data: Data;
}

/** Sends a mail about an event that names no address, to the address that the account has now and in its language. */
export async function sendNotice<Data>(deps: MailDeps, notice: Notice<Data>, delivery: Delivery): Promise<void> {
  const { event, userId, mail, data } = notice;
  const { email: to, locale } = await findContact(deps.ledger, userId);
  const prepare = async () => mail.render(data, locale);
  await deliverMail(deps.ledger, { event, mail, from: deps.from, to, prepare }, delivery);
}

/** Where somebody sets a new password, whatever they know of the old one. */
export function resetPage({ publicUrl }: MailDeps): string {
  return `${publicUrl}/reset`;
}
