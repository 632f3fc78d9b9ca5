import { z } from 'zod';
import { defineMail } from '../mail/define-mail.ts';
import { copy } from './copy.ts';

/** Tells the owner of an account that somebody tried to register their address again. Holds no secret and no link that acts. */
export const registrationAttempted = defineMail({
  id: 'registration-attempted',
  version: 1,
  class: 'notice',
  schema: z.object({ homeUrl: z.url({ protocol: /^https?$/ }) }),
  copy,
  write: (words, { homeUrl }) => ({
    subject: words.subject,
    preheader: words.preheader,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.happened },
      { kind: 'paragraph', text: words.wasYou },
      { kind: 'action', label: words.open, url: homeUrl },
      { kind: 'aside', title: words.notYouTitle, text: words.notYou },
    ],
    reason: words.reason,
  }),
  fixtures: { usual: { homeUrl: 'http://localhost:3000' } },
});
