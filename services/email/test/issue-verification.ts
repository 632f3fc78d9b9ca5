import { randomBytes, randomInt } from 'node:crypto';
import { type DomainEvent, emailVerificationIssued, passwordResetIssued } from '@postrider/contracts';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';

export interface IssuedVerification {
  readonly event: DomainEvent;
  readonly token: string;
  readonly code: string;
}

export interface IssueOptions {
  readonly email?: string;
  readonly locale?: string;
  readonly expiresAt?: Date;
  /** Seals for another address than the event names, as somebody would who copies sealed parts about. */
  readonly sealedFor?: string;
  /** Seals for another purpose than the event's. */
  readonly sealedPurpose?: string;
}

/** A challenge as the user service issues it. */
export async function issueVerification(key: JWK, options: IssueOptions = {}): Promise<IssuedVerification> {
  return issue(key, emailVerificationIssued, { sealedPurpose: 'email_verification', ...options });
}

/** As {@link issueVerification}, to set a new password. */
export async function issuePasswordReset(key: JWK, options: IssueOptions = {}): Promise<IssuedVerification> {
  return issue(key, passwordResetIssued, { sealedPurpose: 'password_reset', ...options });
}

async function issue(
  key: JWK,
  contract: typeof emailVerificationIssued,
  options: IssueOptions,
): Promise<IssuedVerification> {
  const { email = 'ada@example.com', locale = 'en', sealedFor = email } = options;
  const expiresAt = (options.expiresAt ?? new Date(Date.now() + 24 * 3_600_000)).toISOString();
  const challengeId = uuidv7();
  const [token, code] = [randomBytes(48).toString('base64url'), String(randomInt(1e8)).padStart(8, '0')];
  const sealed = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ token, code })))
    .setProtectedHeader({
      alg: 'ECDH-ES+A256KW',
      enc: 'A256GCM',
      kid: key.kid ?? '',
      challengeId,
      purpose: options.sealedPurpose,
      email: sealedFor,
      expiresAt,
    })
    .encrypt(await importJWK(key, 'ECDH-ES+A256KW'));
  const codeExpiresAt = new Date(Date.now() + 600_000).toISOString();
  const data = { userId: uuidv7(), challengeId, email, locale, expiresAt, codeExpiresAt, sealed };
  return { event: contract.create(data), token, code };
}
