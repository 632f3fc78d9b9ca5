import { unitOfWork } from '@postrider/outbox';
import { LockMode } from '@mikro-orm/core';
import { type ProfileChanges, User } from '../accounts/user.ts';
import { invalidToken } from '../sessions/tokens/access-token.ts';
import type { SessionsContext } from '../sessions/sessions-context.ts';
import { type Profile, refuseStale, toProfile } from './profile.ts';

export interface UpdateProfile {
  readonly userId: string;
  readonly changes: ProfileChanges;
  /** The header. */
  readonly ifMatch: string | undefined;
}

/**
 * Changes what an account says about its person. Of two who saw the same state and change it at once, one is told that it is stale: it is
 * compared under the lock.
 *
 * @throws {DomainError} `precondition_required`, `precondition_failed`
 */
export async function updateProfile(
  context: Pick<SessionsContext, 'em' | 'bell' | 'headers'>,
  { userId, changes, ifMatch }: UpdateProfile,
): Promise<Profile> {
  return unitOfWork(context, async ({ em, record }) => {
    const user = await em.findOne(User, { id: userId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (user === null) throw invalidToken(); // Erased since its session was looked at.
    refuseStale(toProfile(user), ifMatch);
    record(...user.updateProfile(changes));
    return toProfile(user);
  });
}
