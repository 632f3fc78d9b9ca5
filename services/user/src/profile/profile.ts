import { createHash } from 'node:crypto';
import { DomainError } from '@postrider/runtime/domain-error';
import type { User } from '../accounts/user.ts';

/** What an account shows to its person. */
export interface Profile {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly displayName?: string;
  readonly locale: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export function toProfile(user: User): Profile {
  return {
    id: user.id,
    email: user.email,
    emailVerified: user.isEmailVerified,
    ...(typeof user.displayName === 'string' && { displayName: user.displayName }),
    locale: user.locale,
    createdAt: user.createdAt.toISOString(),
  };
}

/** A strong entity tag (RFC 9110 §8.8.3): of what is shown, so that what does not show (a sign-in, a password) leaves it as it is. */
export function entityTag(profile: Profile): string {
  return `"${createHash('sha256').update(JSON.stringify(profile)).digest('base64url').slice(0, 22)}"`;
}

/**
 * Whether whoever changes the profile has seen it as it is (RFC 9110 §13.1.1, RFC 6585 §3).
 *
 * @param ifMatch the header: `*`, or entity tags joined by commas; weak ones match nothing
 * @throws {DomainError} `precondition_required` without one, `precondition_failed` where none fits
 */
export function refuseStale(profile: Profile, ifMatch: string | undefined): void {
  if (ifMatch === undefined)
    throw new DomainError(
      'precondition_required',
      'precondition_required',
      'Send the ETag that you have seen as If-Match.',
    );
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(entityTag(profile))) return;
  throw new DomainError('precondition_failed', 'precondition_failed', 'It was changed since you saw it: get it again.');
}
