import type { EntityManager } from '@mikro-orm/postgresql';
import { Challenge, type Purpose } from './challenge.ts';
import type { PreparedChallenge } from './prepare-challenge.ts';

/** Stores a prepared challenge for a user, inside a unit of work that holds the user's row. It supersedes the open ones of its purpose. */
export async function issueChallenge(
  em: EntityManager,
  userId: string,
  prepared: PreparedChallenge,
  now: Date,
): Promise<Challenge> {
  await supersedeChallenges(em, userId, now, prepared.purpose);
  const { sealed: _leavesByEvent, ...stored } = prepared;
  return em.create(Challenge, { ...stored, userId, createdAt: now }, { persist: true });
}

/** Ends a user's open challenges, of one purpose or of all: what they would prove is proven, asked anew, or of no use. */
export async function supersedeChallenges(
  em: EntityManager,
  userId: string,
  now: Date,
  purpose?: Purpose,
): Promise<void> {
  const open = { userId, usedAt: null, supersededAt: null, ...(purpose !== undefined && { purpose }) };
  await em.nativeUpdate(Challenge, open, { supersededAt: now });
}
