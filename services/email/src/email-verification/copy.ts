import type { MailLocale } from '../mail/pick-locale.ts';

/** The wording, one object a language. `lives` is how long (`10 minutes`), `until` the moment it ends. */
export interface Copy {
  readonly subject: string;
  readonly preheader: string;
  readonly title: string;
  readonly intro: string;
  readonly confirm: string;
  linkNote(lives: string, until: string): string;
  readonly codeLabel: string;
  codeNote(lives: string, until: string): string;
  readonly notYouTitle: string;
  readonly notYou: string;
  readonly reason: string;
}

const en: Copy = {
  subject: 'Confirm your email address',
  preheader: 'One step is left: confirm that this address is yours.',
  title: 'Confirm your email address',
  intro: 'Thank you for registering with Postrider. Please confirm that this address is yours, by link or by code.',
  confirm: 'Confirm my address',
  linkNote: (lives, until) => `The link works once, for ${lives} (until ${until}).`,
  codeLabel: 'Or enter this code where you registered',
  codeNote: (lives, until) => `It is valid for ${lives} (until ${until}).`,
  notYouTitle: 'It wasn’t you?',
  notYou:
    'Then ignore this mail: without your confirmation nobody can use an account with your address. Never pass the code or the link on; we don’t ask for them.',
  reason: 'You get this mail because somebody registered with this address at Postrider.',
};

const de: Copy = {
  subject: 'Bestätige deine E-Mail-Adresse',
  preheader: 'Ein Schritt fehlt noch: Bestätige, dass diese Adresse dir gehört.',
  title: 'Bestätige deine E-Mail-Adresse',
  intro:
    'Danke für deine Registrierung bei Postrider. Bitte bestätige, dass diese Adresse dir gehört, per Link oder per Code.',
  confirm: 'Adresse bestätigen',
  linkNote: (lives, until) => `Der Link gilt einmal, ${lives} lang (bis ${until}).`,
  codeLabel: 'Oder gib diesen Code dort ein, wo du dich registriert hast',
  codeNote: (lives, until) => `Er gilt ${lives} lang (bis ${until}).`,
  notYouTitle: 'Das warst nicht du?',
  notYou:
    'Dann ignoriere diese E-Mail: Ohne deine Bestätigung kann niemand ein Konto mit deiner Adresse nutzen. Gib Code und Link nie weiter; wir fragen nicht danach.',
  reason: 'Du bekommst diese E-Mail, weil sich jemand mit dieser Adresse bei Postrider registriert hat.',
};

export const copy: Readonly<Record<MailLocale, Copy>> = { en, de };
