import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { supersedeChallenges } from './issue-challenge.ts';
import type { PreparedChallenge } from './prepare-challenge.ts';

/** No user has it. */
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Does what issuing a challenge does, for an address that gets none: the same statements, and rows of about the same size, so that
 * how long an answer takes tells nothing about the address. What is written is never read.
 */
export async function pretendChallenge(em: EntityManager, prepared: PreparedChallenge, now: Date): Promise<void> {
  await supersedeChallenges(em, nobody, now, prepared.purpose);
  await pretendWrite(em, prepared.tokenHash + prepared.codeHash);
}

/** As {@link pretendChallenge}, for the event of a challenge. */
export async function pretendEvent(em: EntityManager, { sealed }: PreparedChallenge): Promise<void> {
  await pretendWrite(em, sealed);
}

/** As {@link pretendChallenge}, for a row of about this size. */
export async function pretendWrite(em: EntityManager, body: string): Promise<void> {
  await query(em, 'insert into unsent_challenge (body) values ($1)', [body]);
}
