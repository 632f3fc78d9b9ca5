import type { EntityManager } from '@mikro-orm/postgresql';
import { Challenge } from './challenge.ts';
import type { PreparedChallenge } from './prepare-challenge.ts';

/** Stores a prepared challenge for a user, inside a unit of work that holds the user's row. It supersedes the open ones of its purpose. */
export async function issueChallenge(
  em: EntityManager,
  userId: string,
  prepared: PreparedChallenge,
  now: Date,
): Promise<Challenge> {
  await supersedeChallenges(em, userId, now);
  const { sealed: _leavesByEvent, ...stored } = prepared;
  return em.create(Challenge, { ...stored, userId, createdAt: now }, { persist: true });
}

/** Ends a user's open challenges: what they would prove is proven, or asked anew. */
export async function supersedeChallenges(em: EntityManager, userId: string, now: Date): Promise<void> {
  await em.nativeUpdate(Challenge, { userId, usedAt: null, supersededAt: null }, { supersededAt: now });
}
