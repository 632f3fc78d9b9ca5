import { createHash } from 'node:crypto';
import type { MailClass, RenderedMail } from './define-mail.ts';

/** One mail to one person, as the transport takes it; the same input composes to the same bytes, so every attempt does. */
export interface Message {
  readonly from: string;
  /** One bare address of our own grammar: header and envelope. */
  readonly to: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  readonly messageId: string;
  readonly date: Date;
  readonly boundary: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface MessageParts {
  readonly mail: { readonly id: string; readonly class: MailClass };
  readonly rendered: RenderedMail;
  /** `Name <address>`. */
  readonly from: string;
  readonly to: string;
  /** The ledger's key of this mail: Message-ID and MIME boundary derive from it, so that a second copy is recognisable as one. */
  readonly key: string;
  /** The event's time, not the attempt's. */
  readonly date: Date;
}

/**
 * Puts a rendered mail between its headers. Auto-Submitted (RFC 3834) and X-Auto-Response-Suppress keep holiday answers away;
 * Feedback-ID tells complaint reports which mail it was, without naming anyone.
 */
export function composeMessage({ mail, rendered, from, to, key, date }: MessageParts): Message {
  const digest = createHash('sha256').update(`message-id:${key}`).digest('hex');
  return {
    from,
    to,
    subject: rendered.subject,
    html: rendered.html,
    text: rendered.text,
    messageId: `<${digest.slice(0, 40)}@${senderDomain(from)}>`,
    date,
    boundary: digest.slice(40),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': rendered.locale,
      'Feedback-ID': `${mail.id}:${mail.class}:postrider`,
    },
  };
}

function senderDomain(from: string): string {
  const domain = /@([a-z0-9.-]+)>?\s*$/i.exec(from)?.[1];
  if (domain === undefined) throw new Error(`The sender "${from}" holds no address that names a domain.`);
  return domain.toLowerCase();
}
