import { z } from 'zod';
import { defineMail } from '../mail/define-mail.ts';
import { moment } from '../mail/words.ts';
import { copy } from './copy.ts';

/** Tells the owner of an account that its password is another one now. */
export const passwordChanged = defineMail({
  id: 'password-changed',
  version: 1,
  class: 'notice',
  schema: z.object({ at: z.iso.datetime({ offset: true }), resetUrl: z.url({ protocol: /^https?$/ }) }),
  copy,
  write: (words, { at, resetUrl }, locale) => ({
    subject: words.subject,
    preheader: words.preheader,
    title: words.subject,
    blocks: [
      { kind: 'paragraph', text: words.happened(moment(at, locale)) },
      { kind: 'paragraph', text: words.next },
      { kind: 'action', label: words.reset, url: resetUrl },
      { kind: 'aside', title: words.notYouTitle, text: words.notYou },
    ],
    reason: words.reason,
  }),
  fixtures: { usual: { at: '2026-11-24T09:00:00.000Z', resetUrl: 'http://localhost:3000/reset' } },
});
