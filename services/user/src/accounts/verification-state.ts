import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';

export interface VerificationState {
  readonly state: 'open' | 'closed';
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * Whether a challenge can still be confirmed. Looking changes nothing.
 *
 * @throws {DomainError} `not_found`
 */
export async function verificationState(em: EntityManager, challengeId: string): Promise<VerificationState> {
  const [challenge] = await query<{ isOpen: boolean; expiresAt: Date }>(
    em,
    `select used_at is null and superseded_at is null and expires_at > now() as "isOpen", expires_at as "expiresAt"
     from challenge where id = $1 and purpose = 'email_verification'`,
    [challengeId],
  );
  if (challenge === undefined) throw new DomainError('not_found', 'not_found', 'There is no such verification.');
  return { state: challenge.isOpen ? 'open' : 'closed', expiresAt: new Date(challenge.expiresAt).toISOString() };
}
