import type { MailLocale } from './pick-locale.ts';

/**
 * What a mail says, before it is HTML or text: both parts are made from one letter, so that they can't drift apart. The words
 * are the mail's own, the looks are the layout's. A new kind of block needs a rendering in `layout.eta` and in `render-text.ts`.
 */
export interface Letter {
  readonly subject: string;
  /** The line that an inbox shows after the subject. */
  readonly preheader: string;
  readonly title: string;
  readonly blocks: readonly Block[];
  /** Why the reader got this mail; closes it. */
  readonly reason: string;
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  /** A button, and below it the URL on its own line for whom the button doesn't work. */
  | { readonly kind: 'action'; readonly label: string; readonly url: string; readonly note?: string }
  /** Something to type or copy: one unbroken run, so that a double click takes all of it. */
  | { readonly kind: 'code'; readonly label: string; readonly value: string; readonly note: string }
  /** Set apart from the rest: what to do if it wasn't you. */
  | { readonly kind: 'aside'; readonly title: string; readonly text: string };

/** A letter in the language it was written in. */
export interface LetterIn extends Letter {
  /** BCP 47 tag, as `lang` and Content-Language say it. */
  readonly locale: MailLocale;
}
