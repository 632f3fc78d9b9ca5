import type { NoticeCopy } from '../mail/define-notice.ts';
import type { MailLocale } from '../mail/pick-locale.ts';

const en: NoticeCopy = {
  subject: 'A new device signed in to your account',
  preheader: 'If it was you, you need to do nothing.',
  happened: (at) =>
    `On ${at} somebody signed in to your account at Postrider, with your password, from a device that was not used before.`,
  next: 'If it was you, you need to do nothing: a new browser, or one that forgot its cookies, is a new device to us.',
  reset: 'Set a new password',
  asideTitle: 'It wasn’t you?',
  aside: 'Then somebody else knows your password. Set a new one now: it ends all sessions, theirs too.',
  reason: 'You get this mail because a new device signed in to your account at Postrider.',
};

const de: NoticeCopy = {
  subject: 'Ein neues Gerät hat sich bei deinem Konto angemeldet',
  preheader: 'Wenn du es warst, musst du nichts tun.',
  happened: (at) =>
    `Am ${at} hat sich jemand mit deinem Passwort bei deinem Konto bei Postrider angemeldet, von einem Gerät, das vorher nicht benutzt wurde.`,
  next: 'Wenn du es warst, musst du nichts tun: Ein neuer Browser, oder einer, der seine Cookies vergessen hat, ist für uns ein neues Gerät.',
  reset: 'Neues Passwort setzen',
  asideTitle: 'Das warst nicht du?',
  aside: 'Dann kennt jemand anderes dein Passwort. Setze jetzt ein neues: Damit enden alle Sitzungen, auch fremde.',
  reason: 'Du bekommst diese E-Mail, weil sich ein neues Gerät bei deinem Konto bei Postrider angemeldet hat.',
};

export const copy: Readonly<Record<MailLocale, NoticeCopy>> = { en, de };
