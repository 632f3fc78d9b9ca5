import { z } from 'zod';
import { defineMail } from '../mail/define-mail.ts';
import { duration, moment } from '../mail/words.ts';
import { copy } from './copy.ts';

/**
 * Lets the owner of an address set a new password. It may go to an address that nobody has confirmed, so it holds nothing that a
 * stranger could have typed: only our words, the link and the code.
 */
export const passwordReset = defineMail({
  id: 'password-reset',
  version: 1,
  class: 'security',
  schema: z.object({
    /** Holds the token in its fragment, which no server and no proxy log sees. */
    resetUrl: z.url({ protocol: /^https?$/ }),
    code: z.string().regex(/^\d{8}$/),
    issuedAt: z.iso.datetime({ offset: true }),
    codeExpiresAt: z.iso.datetime(),
    linkExpiresAt: z.iso.datetime(),
  }),
  copy,
  write: (words, { resetUrl, code, issuedAt, codeExpiresAt, linkExpiresAt }, locale) => ({
    subject: words.subject,
    preheader: words.preheader,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.intro },
      {
        kind: 'action',
        label: words.reset,
        url: resetUrl,
        note: words.linkNote(duration(issuedAt, linkExpiresAt, locale), moment(linkExpiresAt, locale)),
      },
      {
        kind: 'code',
        label: words.codeLabel,
        value: code,
        note: words.codeNote(duration(issuedAt, codeExpiresAt, locale), moment(codeExpiresAt, locale)),
      },
      { kind: 'aside', title: words.notYouTitle, text: words.notYou },
    ],
    reason: words.reason,
  }),
  fixtures: {
    usual: {
      resetUrl: 'http://localhost:3000/reset#reset=AZLxoHoAeqqLuxI0VniavLDq3mNfZ0Wd3xJ8Qk5uY7cT2bR9aL4hE6gP-iKzXwVo',
      code: '04819273',
      issuedAt: '2026-11-24T09:00:00.120Z',
      codeExpiresAt: '2026-11-24T09:10:00.000Z',
      linkExpiresAt: '2026-11-25T09:00:00.000Z',
    },
  },
});
