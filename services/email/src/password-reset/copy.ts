import type { MailLocale } from '../mail/pick-locale.ts';

/** The wording, one object a language. `lives` is how long (`10 minutes`), `until` the moment it ends. */
export interface Copy {
  readonly subject: string;
  readonly preheader: string;
  readonly title: string;
  readonly intro: string;
  readonly reset: string;
  linkNote(lives: string, until: string): string;
  readonly codeLabel: string;
  codeNote(lives: string, until: string): string;
  readonly notYouTitle: string;
  readonly notYou: string;
  readonly reason: string;
}

const en: Copy = {
  subject: 'Set a new password',
  preheader: 'You asked for a new password. Until you set one, nothing changes.',
  title: 'Set a new password',
  intro:
    'Somebody asked for a new password for your account at Postrider. If it was you, set one, by link or by code. All your sessions end then.',
  reset: 'Set a new password',
  linkNote: (lives, until) => `The link works once, for ${lives} (until ${until}).`,
  codeLabel: 'Or enter this code where you asked for the mail',
  codeNote: (lives, until) => `It is valid for ${lives} (until ${until}).`,
  notYouTitle: 'It wasn’t you?',
  notYou:
    'Then ignore this mail: your password stays as it is. Never pass the code or the link on; we don’t ask for them.',
  reason: 'You get this mail because somebody asked for a new password for this address at Postrider.',
};

const de: Copy = {
  subject: 'Setze ein neues Passwort',
  preheader: 'Du hast ein neues Passwort angefordert. Bis du eines setzt, ändert sich nichts.',
  title: 'Setze ein neues Passwort',
  intro:
    'Jemand hat für dein Konto bei Postrider ein neues Passwort angefordert. Warst du das, dann setze eines, per Link oder per Code. Alle deine Sitzungen enden damit.',
  reset: 'Neues Passwort setzen',
  linkNote: (lives, until) => `Der Link gilt einmal, ${lives} lang (bis ${until}).`,
  codeLabel: 'Oder gib diesen Code dort ein, wo du die E-Mail angefordert hast',
  codeNote: (lives, until) => `Er gilt ${lives} lang (bis ${until}).`,
  notYouTitle: 'Das warst nicht du?',
  notYou:
    'Dann ignoriere diese E-Mail: Dein Passwort bleibt, wie es ist. Gib Code und Link nie weiter; wir fragen nicht danach.',
  reason: 'Du bekommst diese E-Mail, weil jemand für diese Adresse bei Postrider ein neues Passwort angefordert hat.',
};

export const copy: Readonly<Record<MailLocale, Copy>> = { en, de };
