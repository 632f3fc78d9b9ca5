import type { MailLocale } from '../mail/pick-locale.ts';

export interface Copy {
  readonly subject: string;
  readonly preheader: string;
  readonly title: string;
  readonly confirmed: string;
  readonly next: string;
  readonly open: string;
  readonly reason: string;
}

const en: Copy = {
  subject: 'Welcome to Postrider',
  preheader: 'Your address is confirmed, your account is ready.',
  title: 'Welcome to Postrider',
  confirmed: 'Your email address is confirmed and your account is ready to use.',
  next: 'From now on you sign in with this address. What concerns your account, such as a changed password, we tell you here.',
  open: 'Open Postrider',
  reason: 'You get this mail once, because you confirmed this address at Postrider.',
};

const de: Copy = {
  subject: 'Willkommen bei Postrider',
  preheader: 'Deine Adresse ist bestätigt, dein Konto ist bereit.',
  title: 'Willkommen bei Postrider',
  confirmed: 'Deine E-Mail-Adresse ist bestätigt, und dein Konto ist bereit.',
  next: 'Ab jetzt meldest du dich mit dieser Adresse an. Was dein Konto betrifft, etwa ein geändertes Passwort, sagen wir dir hier.',
  open: 'Postrider öffnen',
  reason: 'Du bekommst diese E-Mail einmal, weil du diese Adresse bei Postrider bestätigt hast.',
};

export const copy: Readonly<Record<MailLocale, Copy>> = { en, de };
