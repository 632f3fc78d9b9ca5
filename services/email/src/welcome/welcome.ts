import { z } from 'zod';
import { defineMail } from '../mail/define-mail.ts';
import { copy } from './copy.ts';

/** Says that the account is ready, after its address was confirmed for the first time. */
export const welcome = defineMail({
  id: 'welcome',
  version: 1,
  class: 'transactional',
  schema: z.object({ homeUrl: z.url({ protocol: /^https?$/ }) }),
  copy,
  write: (words, { homeUrl }) => ({
    subject: words.subject,
    preheader: words.preheader,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.confirmed },
      { kind: 'paragraph', text: words.next },
      { kind: 'action', label: words.open, url: homeUrl },
    ],
    reason: words.reason,
  }),
  fixtures: { usual: { homeUrl: 'http://localhost:3000' } },
});
