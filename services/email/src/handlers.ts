import { emailVerificationIssued, emailVerified, registrationAttempted } from '@postrider/contracts';
import { type Handler, on } from '@postrider/messaging';
import { sendVerificationMail } from './email-verification/send-verification-mail.ts';
import type { MailDeps } from './mail-deps.ts';
import { sendRegistrationAttemptedMail } from './registration-attempted/send-registration-attempted-mail.ts';
import { sendWelcomeMail } from './welcome/send-welcome-mail.ts';

/** Private events: somebody waits for these mails, so they have a durable of their own. */
export const challengeHandlers = (deps: MailDeps): Handler[] => [
  on(emailVerificationIssued, sendVerificationMail(deps)),
  on(registrationAttempted, sendRegistrationAttemptedMail(deps)),
];

/** Public facts about users. */
export const userEventHandlers = (deps: MailDeps): Handler[] => [on(emailVerified, sendWelcomeMail(deps))];
