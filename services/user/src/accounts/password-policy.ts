import { DomainError } from '@postrider/runtime/domain-error';

export const passwordMaxLength = 256;

/**
 * NIST SP 800-63B-4: length is what counts, no composition rules, nothing trimmed. Counted in code points after NFC, as it is hashed.
 *
 * @throws {DomainError} `password_policy`
 */
export function refuseWeakPassword(password: string, minLength: number): void {
  const length = Array.from(password.normalize('NFC')).length;
  if (length < minLength || length > passwordMaxLength) {
    throw new DomainError(
      'rejected',
      'password_policy',
      `A password has ${minLength} to ${passwordMaxLength} characters. A few unrelated words make a good one.`,
    );
  }
}
