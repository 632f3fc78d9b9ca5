import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { supersedeChallenges } from './issue-challenge.ts';
import type { PreparedChallenge } from './prepare-challenge.ts';

/** No user has it. */
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Does what issuing a challenge and recording its event does, for an address that gets none: the same statements, and rows of about the
 * same size, so that how long an answer takes tells nothing about the address. What it writes is never read.
 */
export async function pretendChallenge(em: EntityManager, prepared: PreparedChallenge, now: Date): Promise<void> {
  await supersedeChallenges(em, nobody, now, prepared.purpose);
  const { tokenHash, codeHash, sealed } = prepared;
  for (const body of [tokenHash + codeHash, sealed]) await query(em, insertSql, [body]);
}

const insertSql = 'insert into unsent_challenge (body) values ($1)';
