import { z } from 'zod';
import { defineMail, type Mail } from './define-mail.ts';
import type { MailLocale } from './pick-locale.ts';
import { moment } from './words.ts';

/** What a notice says, in one language. */
export interface NoticeCopy {
  readonly subject: string;
  readonly preheader: string;
  happened(at: string): string;
  readonly next: string;
  readonly reset: string;
  readonly asideTitle: string;
  readonly aside: string;
  readonly reason: string;
}

const schema = z.object({ at: z.iso.datetime({ offset: true }), resetUrl: z.url({ protocol: /^https?$/ }) });

/** A mail that tells the owner of an account what happened to it, and how to set a new password if it was not them. */
export function defineNotice(notice: {
  readonly id: string;
  readonly copy: Readonly<Record<MailLocale, NoticeCopy>>;
}): Mail<z.infer<typeof schema>> {
  return defineMail({
    ...notice,
    version: 1,
    class: 'notice',
    schema,
    write: (words, { at, resetUrl }, locale) => ({
      subject: words.subject,
      preheader: words.preheader,
      title: words.subject,
      blocks: [
        { kind: 'paragraph', text: words.happened(moment(at, locale)) },
        { kind: 'paragraph', text: words.next },
        { kind: 'action', label: words.reset, url: resetUrl },
        { kind: 'aside', title: words.asideTitle, text: words.aside },
      ],
      reason: words.reason,
    }),
    fixtures: { usual: { at: '2026-11-24T09:00:00.000Z', resetUrl: 'http://localhost:3000/reset' } },
  });
}
