// Made from the contracts by `npm run contracts`.

/**
 * An account was created. Its address is not verified yet.
 * Subject `user.v1.registered.{userId}`.
 */
export interface UserRegisteredV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** Canonical address. */
  readonly email: string;
  readonly displayName?: string;
  /** BCP 47 language tag of the person. */
  readonly locale: string;
  readonly source: 'self' | 'admin' | 'import';
}

/**
 * The owner of the address confirmed it, for the first time for this account.
 * Subject `user.v1.email_verified.{userId}`.
 */
export interface UserEmailVerifiedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** Canonical address. */
  readonly email: string;
  readonly method: 'link' | 'code' | 'admin';
  /** BCP 47 language tag of the person. */
  readonly locale: string;
}

/**
 * What the account says about its person was changed.
 * Subject `user.v1.profile_updated.{userId}`.
 */
export interface UserProfileUpdatedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** `displayName`, `locale`; more may come. */
  readonly changedFields: readonly string[];
  /** Now; null where it was removed. Absent where unchanged. */
  readonly displayName?: string | null;
  /** Now, as a BCP 47 language tag. Absent where unchanged. */
  readonly locale?: string;
}

/**
 * Somebody asked for a new password, and a mail goes to the address of the account. Nothing has changed yet.
 * Subject `user.v1.password_reset_requested.{userId}`.
 */
export interface UserPasswordResetRequestedV1 {
  /** The account, for ever. */
  readonly userId: string;
  readonly challengeId: string;
  readonly expiresAt: string;
}

/**
 * Somebody who was signed in and knew the old password set another one.
 * Subject `user.v1.password_changed.{userId}`.
 */
export interface UserPasswordChangedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** From then on the old password opens nothing. */
  readonly at: string;
  /** How many sessions it ended. */
  readonly sessionsRevoked: number;
}

/**
 * The owner of the address set a new password without the old one. All sessions have ended.
 * Subject `user.v1.password_reset_completed.{userId}`.
 */
export interface UserPasswordResetCompletedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** From then on the old password opens nothing. */
  readonly at: string;
  /** How many sessions it ended. */
  readonly sessionsRevoked: number;
}

/**
 * A session was opened.
 * Subject `user.v1.signed_in.{userId}`.
 */
export interface UserSignedInV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** The session; the `sid` of its access tokens. */
  readonly sessionId: string;
  /** How: `password`. More may come. */
  readonly method: string;
  /** Whether the account was never used from there before, as far as we can tell. */
  readonly newDevice: boolean;
}

/**
 * Somebody tried to sign in to an account that exists, and was refused.
 * Subject `user.v1.sign_in_failed.{userId}`.
 */
export interface UserSignInFailedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** How: `password`. More may come. */
  readonly method: string;
  /** `wrong_password`, `no_password`, `email_unverified`, `throttled`. More may come. */
  readonly reason: string;
  /** As in `user.signed_in`, where it can be told. */
  readonly newDevice?: boolean;
}

/**
 * One session, or all of an account, ended before their time. Refuse their access tokens.
 * Subject `user.v1.session_revoked.{userId}`.
 */
export interface UserSessionRevokedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** The session, or `all` of the account. */
  readonly sessionId: string;
  /** With `all`: the one session that goes on. */
  readonly exceptSessionId?: string;
  /** `sign_out`, `revoked`, `refresh_token_reused`, `password_changed`, `password_reset`, `admin`. More may come. */
  readonly reason: string;
  /** Access tokens issued (`iat`) before this moment are void. */
  readonly revokedBefore: string;
}

/**
 * A refresh token that had its successor came again: two hold it, so one stole it. The session has ended.
 * Subject `user.v1.refresh_token_reused.{userId}`.
 */
export interface UserRefreshTokenReusedV1 {
  /** The account, for ever. */
  readonly userId: string;
  /** The session; the `sid` of its access tokens. */
  readonly sessionId: string;
}

/**
 * Somebody must prove that the address is theirs: send them the link and the code.
 * Subject `challenge.v1.email_verification_issued.{userId}`.
 */
export interface ChallengeEmailVerificationIssuedV1 {
  readonly userId: string;
  readonly challengeId: string;
  readonly email: string;
  readonly locale: string;
  readonly expiresAt: string;
  readonly codeExpiresAt: string;
  /** Compact JWE of { token, code }; challengeId, purpose, email and expiresAt stand in its protected header. */
  readonly sealed: string;
}

/**
 * Somebody asked for a new password: send the owner of the address the link and the code.
 * Subject `challenge.v1.password_reset_issued.{userId}`.
 */
export interface ChallengePasswordResetIssuedV1 {
  readonly userId: string;
  readonly challengeId: string;
  readonly email: string;
  readonly locale: string;
  readonly expiresAt: string;
  readonly codeExpiresAt: string;
  /** Compact JWE of { token, code }; challengeId, purpose, email and expiresAt stand in its protected header. */
  readonly sealed: string;
}

/**
 * Somebody tried to register an address that has an account: tell its owner. Holds no secret.
 * Subject `challenge.v1.registration_attempted.{userId}`.
 */
export interface ChallengeRegistrationAttemptedV1 {
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
}

/**
 * The mail server took the mail: it said 250.
 * Subject `email.v1.sent.{mailId}`.
 */
export interface EmailSentV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/**
 * The mail server refused for now; it is tried again.
 * Subject `email.v1.deferred.{mailId}`.
 */
export interface EmailDeferredV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/**
 * The address does not exist or refuses mail for good.
 * Subject `email.v1.bounced.{mailId}`.
 */
export interface EmailBouncedV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/**
 * The mail was of no use any more before it could be sent.
 * Subject `email.v1.expired.{mailId}`.
 */
export interface EmailExpiredV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/**
 * The mail was given up; an operator finds it in the dead letters.
 * Subject `email.v1.failed.{mailId}`.
 */
export interface EmailFailedV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/**
 * Sent, but the answer was lost: the server may or may not have it.
 * Subject `email.v1.ambiguous.{mailId}`.
 */
export interface EmailAmbiguousV1 {
  /** The mail in the email service’s ledger. */
  readonly mailId: string;
  /** The event that made us send it. */
  readonly causationId: string;
  /** Template and version, `email-verification@1`. */
  readonly mail: string;
  readonly class: 'security' | 'transactional' | 'notice';
  readonly attempt: number;
  readonly provider: string;
  /** How far the SMTP session came. */
  readonly phase?: string;
  readonly replyCode?: number;
  readonly enhancedCode?: string;
}

/** By ce-type. */
export interface EventData {
  'user.registered.v1': UserRegisteredV1;
  'user.email_verified.v1': UserEmailVerifiedV1;
  'user.profile_updated.v1': UserProfileUpdatedV1;
  'user.password_reset_requested.v1': UserPasswordResetRequestedV1;
  'user.password_changed.v1': UserPasswordChangedV1;
  'user.password_reset_completed.v1': UserPasswordResetCompletedV1;
  'user.signed_in.v1': UserSignedInV1;
  'user.sign_in_failed.v1': UserSignInFailedV1;
  'user.session_revoked.v1': UserSessionRevokedV1;
  'user.refresh_token_reused.v1': UserRefreshTokenReusedV1;
  'challenge.email_verification_issued.v1': ChallengeEmailVerificationIssuedV1;
  'challenge.password_reset_issued.v1': ChallengePasswordResetIssuedV1;
  'challenge.registration_attempted.v1': ChallengeRegistrationAttemptedV1;
  'email.sent.v1': EmailSentV1;
  'email.deferred.v1': EmailDeferredV1;
  'email.bounced.v1': EmailBouncedV1;
  'email.expired.v1': EmailExpiredV1;
  'email.failed.v1': EmailFailedV1;
  'email.ambiguous.v1': EmailAmbiguousV1;
}
