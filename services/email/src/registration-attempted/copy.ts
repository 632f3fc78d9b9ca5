import type { MailLocale } from '../mail/pick-locale.ts';

export interface Copy {
  readonly subject: string;
  readonly preheader: string;
  readonly title: string;
  readonly happened: string;
  readonly wasYou: string;
  readonly open: string;
  readonly notYouTitle: string;
  readonly notYou: string;
  readonly reason: string;
}

const en: Copy = {
  subject: 'You already have an account',
  preheader: 'Somebody tried to register with your address. Nothing has changed.',
  title: 'You already have an account',
  happened:
    'Somebody just tried to register at Postrider with this address. It has an account, so nothing was changed.',
  wasYou: 'If it was you, sign in as usual. Should you not know your password any more, reset it there.',
  open: 'Open Postrider',
  notYouTitle: 'It wasn’t you?',
  notYou:
    'Then you need to do nothing. Your account and your password are as they were, and whoever tried does not learn that you have one.',
  reason: 'You get this mail because this address belongs to an account at Postrider.',
};

const de: Copy = {
  subject: 'Du hast schon ein Konto',
  preheader: 'Jemand wollte sich mit deiner Adresse registrieren. Es hat sich nichts geändert.',
  title: 'Du hast schon ein Konto',
  happened:
    'Gerade wollte sich jemand mit dieser Adresse bei Postrider registrieren. Sie gehört schon zu einem Konto, deshalb wurde nichts geändert.',
  wasYou: 'Warst du das, dann melde dich wie gewohnt an. Weißt du dein Passwort nicht mehr, setze es dort zurück.',
  open: 'Postrider öffnen',
  notYouTitle: 'Das warst nicht du?',
  notYou:
    'Dann musst du nichts tun. Dein Konto und dein Passwort sind unverändert, und wer es versucht hat, erfährt nicht, dass du eines hast.',
  reason: 'Du bekommst diese E-Mail, weil diese Adresse zu einem Konto bei Postrider gehört.',
};

export const copy: Readonly<Record<MailLocale, Copy>> = { en, de };
