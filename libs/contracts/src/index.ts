export { allEvents } from './all-events.ts';
export {
  challengeEvents,
  emailVerificationIssued,
  passwordResetIssued,
  registrationAttempted,
} from './challenge-events.ts';
export {
  defineEvent,
  type Deprecation,
  type DomainEvent,
  type EventContract,
  type EventDefinition,
} from './define-event.ts';
export { canonicalAddress, emailAddress, maskAddress } from './email-address.ts';
export {
  emailAmbiguous,
  emailBounced,
  emailDeferred,
  emailEvents,
  emailExpired,
  emailFailed,
  emailSent,
} from './email-events.ts';
export {
  ContractViolation,
  type Envelope,
  envelopeHeaders,
  type EventOf,
  fromHeaders,
  parseData,
  toHeaders,
} from './envelope.ts';
export { locale } from './locale.ts';
export { refreshTokenReused, sessionRevoked, signedIn, signInFailed } from './session-events.ts';
export {
  emailVerified,
  passwordChanged,
  passwordResetCompleted,
  passwordResetRequested,
  profileUpdated,
  userEvents,
  userRegistered,
} from './user-events.ts';
