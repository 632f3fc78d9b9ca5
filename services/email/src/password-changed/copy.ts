import type { NoticeCopy } from '../mail/define-notice.ts';
import type { MailLocale } from '../mail/pick-locale.ts';

const en: NoticeCopy = {
  subject: 'Your password was changed',
  preheader: 'If it was you, you need to do nothing.',
  happened: (at) =>
    `The password of your account at Postrider was changed on ${at}. The old one opens nothing any more.`,
  next: 'If it was you, you need to do nothing. Where you were signed in, you may have to sign in anew.',
  reset: 'Set another password',
  asideTitle: 'It wasn’t you?',
  aside:
    'Then somebody else may be in your account, or reads your mail. Set another password now: it ends all sessions. Change the password of your mailbox, too.',
  reason: 'You get this mail because the password of your account at Postrider was changed.',
};

const de: NoticeCopy = {
  subject: 'Dein Passwort wurde geändert',
  preheader: 'Wenn du es warst, musst du nichts tun.',
  happened: (at) => `Das Passwort deines Kontos bei Postrider wurde am ${at} geändert. Das alte öffnet nichts mehr.`,
  next: 'Wenn du es warst, musst du nichts tun. Wo du angemeldet warst, musst du dich vielleicht neu anmelden.',
  reset: 'Ein anderes Passwort setzen',
  asideTitle: 'Das warst nicht du?',
  aside:
    'Dann ist vielleicht jemand anderes in deinem Konto oder liest deine E-Mails. Setze jetzt ein anderes Passwort: Damit enden alle Sitzungen. Ändere auch das Passwort deines Postfachs.',
  reason: 'Du bekommst diese E-Mail, weil das Passwort deines Kontos bei Postrider geändert wurde.',
};

export const copy: Readonly<Record<MailLocale, NoticeCopy>> = { en, de };
