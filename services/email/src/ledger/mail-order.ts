import type { Envelope } from '@postrider/contracts';
import type { Mail, RenderedMail } from '../mail/define-mail.ts';

/** What a handler asks of the ledger: this mail, to this address, because of this event. */
export interface MailOrder {
  readonly event: Envelope;
  readonly mail: Pick<Mail<never>, 'id' | 'name' | 'class'>;
  /** `Name <address>`. */
  readonly from: string;
  /** As the event says it; our own grammar decides. */
  readonly to: string;
  /** After this moment the mail is of no use (ISO 8601). */
  readonly expiresAt?: string;
  /** Makes the mail, without other I/O. What it throws can't be cured by trying again. */
  prepare(): Promise<RenderedMail>;
}
