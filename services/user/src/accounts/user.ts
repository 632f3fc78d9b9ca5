import { defineEntity, p } from '@mikro-orm/core';
import {
  type DomainEvent,
  emailVerificationIssued,
  emailVerified,
  passwordChanged,
  passwordResetCompleted,
  passwordResetIssued,
  passwordResetRequested,
  profileUpdated,
  registrationAttempted,
  userRegistered,
} from '@postrider/contracts';

const schema = defineEntity({
  name: 'User',
  tableName: 'user',
  properties: {
    id: p.uuid().primary(),
    /** Canonical; mail goes to this very text. */
    email: p.text().unique('user_email_unique'),
    displayName: p.text().nullable(),
    /** BCP 47. */
    locale: p.text(),
    /** Argon2id in PHC format; null while no password opens the account. */
    passwordHash: p.text().nullable(),
    /** Different passwords were submitted before anybody proved that the address is theirs. */
    isPasswordDisputed: p.boolean().default(false),
    verifiedEmail: p.text().nullable(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

/** What a new account is made of. */
export interface Registration {
  readonly id: string;
  readonly email: string;
  readonly displayName?: string | undefined;
  readonly locale: string;
  readonly passwordHash: string;
  readonly at: Date;
}

/** What a person may change about their account; absent stays, null removes. */
export interface ProfileChanges {
  readonly displayName?: string | null | undefined;
  readonly locale?: string | undefined;
}

/** When a password was set, and how many sessions it ended. */
export interface PasswordSet {
  readonly at: Date;
  readonly sessionsRevoked: number;
}

/** What an issued challenge must tell the email service. */
export interface ChallengeToSend {
  readonly id: string;
  readonly expiresAt: Date;
  readonly codeExpiresAt: Date;
  readonly sealed: string;
}

/**
 * An account. Its methods change it and return the events that say so; the use case records them. Whether the address is verified is
 * derived, never a flag beside it that could drift.
 */
export class User extends schema.class {
  static register({ at, ...registration }: Registration): { user: User; events: DomainEvent[] } {
    const user = Object.assign(new User(), {
      displayName: null,
      ...registration,
      isPasswordDisputed: false,
      verifiedEmail: null,
      createdAt: at,
    });
    const { id: userId, email, locale } = registration;
    const displayName = registration.displayName === undefined ? {} : { displayName: registration.displayName };
    return { user, events: [userRegistered.create({ userId, email, ...displayName, locale, source: 'self' })] };
  }

  get isEmailVerified(): boolean {
    return this.verifiedEmail === this.email;
  }

  /**
   * Somebody registers the address again. Before it is verified nobody knows whose password is the owner's: once two different ones
   * were submitted, none of them will open the account.
   */
  submitPasswordAgain(passwordHash: string): void {
    if (!this.isEmailVerified && passwordHash !== this.passwordHash) this.isPasswordDisputed = true;
  }

  /** Says what changed, and nothing where all of it was so before. */
  updateProfile({ displayName = this.displayName, locale = this.locale }: ProfileChanges): DomainEvent[] {
    const changed = {
      ...((displayName ?? null) !== (this.displayName ?? null) && { displayName: displayName ?? null }),
      ...(locale !== this.locale && { locale }),
    };
    const changedFields = Object.keys(changed);
    if (changedFields.length === 0) return [];
    Object.assign(this, changed);
    return [profileUpdated.create({ userId: this.id, changedFields, ...changed })];
  }

  /** Asks the owner of the address to prove it. */
  challengeEmail(challenge: ChallengeToSend): DomainEvent[] {
    const { id: challengeId, sealed, expiresAt, codeExpiresAt } = challenge;
    const times = { expiresAt: expiresAt.toISOString(), codeExpiresAt: codeExpiresAt.toISOString() };
    const data = { userId: this.id, challengeId, email: this.email, locale: this.locale, ...times, sealed };
    return [emailVerificationIssued.create(data, { expiresAt })];
  }

  /** Lets the owner of the address set a new password; others hear that somebody asked. */
  challengePasswordReset(challenge: ChallengeToSend): DomainEvent[] {
    const { id: userId, email, locale } = this;
    const { id: challengeId, sealed, expiresAt } = challenge;
    const end = expiresAt.toISOString();
    const codeExpiresAt = challenge.codeExpiresAt.toISOString();
    const data = { userId, challengeId, email, locale, expiresAt: end, codeExpiresAt, sealed };
    return [
      passwordResetIssued.create(data, { expiresAt }),
      passwordResetRequested.create({ userId, challengeId, expiresAt: end }),
    ];
  }

  /** Whoever owns the address set a password, without the old one: whatever passwords were submitted before, none opens it. */
  resetPassword(passwordHash: string, outcome: PasswordSet): DomainEvent[] {
    Object.assign(this, { passwordHash, isPasswordDisputed: false });
    return [passwordResetCompleted.create(this.passwordSet(outcome))];
  }

  /** Whoever knew the old password set another. */
  changePassword(passwordHash: string, outcome: PasswordSet): DomainEvent[] {
    this.passwordHash = passwordHash;
    return [passwordChanged.create(this.passwordSet(outcome))];
  }

  private passwordSet({ at, sessionsRevoked }: PasswordSet): { userId: string; at: string; sessionsRevoked: number } {
    return { userId: this.id, at: at.toISOString(), sessionsRevoked };
  }

  /** Tells the owner of a verified address that somebody tried to register it. */
  noticeRegistrationAttempt(): DomainEvent[] {
    return [registrationAttempted.create({ userId: this.id, email: this.email, locale: this.locale })];
  }

  /** The owner of `email` proved it. Nothing happens when that is not the account's address any more, or known already. */
  verifyEmail(email: string, method: 'link' | 'code'): DomainEvent[] {
    if (email !== this.email || this.isEmailVerified) return [];
    this.verifiedEmail = email;
    if (this.isPasswordDisputed) Object.assign(this, { passwordHash: null, isPasswordDisputed: false });
    return [emailVerified.create({ userId: this.id, email, method, locale: this.locale })];
  }
}
schema.setClass(User);
