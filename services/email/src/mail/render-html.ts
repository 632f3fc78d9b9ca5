import { Eta } from 'eta';
import type { LetterIn } from './letter.ts';
import type { MailLocale } from './pick-locale.ts';

/** The layout's only words of its own. */
const pasteHint: Readonly<Record<MailLocale, string>> = {
  en: 'If the button does not work, copy this address into your browser:',
  de: 'Falls der Knopf nicht geht, kopiere diese Adresse in deinen Browser:',
};

// Escapes everything it interpolates; the layout holds no raw (`~`) tag.
const eta = new Eta({ views: import.meta.dirname, autoTrim: ['nl', 'nl'], cache: true });

/** The HTML part in the one layout that all mails share. Pure: the template is read once and cached. */
export function renderHtml(letter: LetterIn): string {
  return eta.render('./layout', { ...letter, pasteHint: pasteHint[letter.locale] });
}
