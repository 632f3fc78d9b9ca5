import type { NoticeCopy } from '../mail/define-notice.ts';
import type { MailLocale } from '../mail/pick-locale.ts';

const en: NoticeCopy = {
  subject: 'We ended a session of your account',
  preheader: 'Its key was used by two, so one of them copied it.',
  happened: (at) =>
    `On ${at} a key that keeps you signed in at Postrider was used a second time, though it had been replaced. That happens when somebody copies it from a device, so we ended the session.`,
  next: 'Whoever used that key is signed out. On your device you may have to sign in anew; your password was not needed for this, and is still the same.',
  reset: 'Set a new password',
  asideTitle: 'What to do',
  aside:
    'Look for software that you don’t know on the devices that you use, browser extensions too. Set a new password if you are not sure: it ends all other sessions as well.',
  reason: 'You get this mail because a session of your account at Postrider was ended for its safety.',
};

const de: NoticeCopy = {
  subject: 'Wir haben eine Sitzung deines Kontos beendet',
  preheader: 'Ihr Schlüssel wurde von zweien benutzt, also hat ihn jemand kopiert.',
  happened: (at) =>
    `Am ${at} wurde ein Schlüssel, der dich bei Postrider angemeldet hält, ein zweites Mal benutzt, obwohl er schon ersetzt war. Das passiert, wenn ihn jemand von einem Gerät kopiert; deshalb haben wir die Sitzung beendet.`,
  next: 'Wer diesen Schlüssel benutzt hat, ist abgemeldet. Auf deinem Gerät musst du dich vielleicht neu anmelden; dein Passwort wurde dafür nicht gebraucht und ist noch dasselbe.',
  reset: 'Neues Passwort setzen',
  asideTitle: 'Was zu tun ist',
  aside:
    'Suche auf den Geräten, die du benutzt, nach Programmen, die du nicht kennst, auch nach Browser-Erweiterungen. Bist du nicht sicher, setze ein neues Passwort: Damit enden auch alle anderen Sitzungen.',
  reason: 'Du bekommst diese E-Mail, weil eine Sitzung deines Kontos bei Postrider zu seiner Sicherheit beendet wurde.',
};

export const copy: Readonly<Record<MailLocale, NoticeCopy>> = { en, de };
