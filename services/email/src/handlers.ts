import {
  emailVerificationIssued,
  emailVerified,
  passwordChanged,
  passwordResetCompleted,
  passwordResetIssued,
  profileUpdated,
  refreshTokenReused,
  registrationAttempted,
  signedIn,
} from '@postrider/contracts';
import { type Handler, on } from '@postrider/messaging';
import { type ContactsContext, rememberAddress, rememberLocale } from './contacts/project-contacts.ts';
import { sendVerificationMail } from './email-verification/send-verification-mail.ts';
import type { MailDeps } from './mail-deps.ts';
import { sendNewDeviceMail } from './new-device/send-new-device-mail.ts';
import { sendPasswordChangedMail } from './password-changed/send-password-changed-mail.ts';
import { sendPasswordResetMail } from './password-reset/send-password-reset-mail.ts';
import { sendRegistrationAttemptedMail } from './registration-attempted/send-registration-attempted-mail.ts';
import { sendSessionStolenMail } from './session-stolen/send-session-stolen-mail.ts';
import { sendWelcomeMail } from './welcome/send-welcome-mail.ts';

/** Private events: somebody waits for these mails, so they have a durable of their own. */
export const challengeHandlers = (deps: MailDeps): Handler[] => [
  on(emailVerificationIssued, sendVerificationMail(deps)),
  on(passwordResetIssued, sendPasswordResetMail(deps)),
  on(registrationAttempted, sendRegistrationAttemptedMail(deps)),
];

/** Public facts about users. Those that name no address may be faster than the contact that does. */
export const userEventHandlers = (deps: MailDeps): Handler[] => [
  on(emailVerified, sendWelcomeMail(deps)),
  on(passwordChanged, sendPasswordChangedMail(deps), untilContactIsKnown(deps)),
  on(passwordResetCompleted, sendPasswordChangedMail(deps), untilContactIsKnown(deps)),
  on(refreshTokenReused, sendSessionStolenMail(deps), untilContactIsKnown(deps)),
];

/** Sign-ins: many, and a mail for few of them. */
export const signInHandlers = (deps: MailDeps): Handler[] => [
  on(signedIn, sendNewDeviceMail(deps), untilContactIsKnown(deps)),
];

/** What contacts are made of. */
export const contactHandlers = (context: ContactsContext): Handler[] => [
  on(emailVerified, rememberAddress(context)),
  on(profileUpdated, rememberLocale(context)),
];

/** Twelve tries are some two minutes: longer than a contact that is under way, and an operator hears of one that is not. */
function untilContactIsKnown({ ledger: { policy } }: MailDeps): { retry: Handler['retry'] } {
  const { firstDelayMs, longestDelayMs } = policy;
  return { retry: { attempts: 12, firstDelayMs, longestDelayMs } };
}
