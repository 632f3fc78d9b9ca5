import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import type { Purpose } from './challenge.ts';
import { challengeLife } from './prepare-challenge.ts';
import { hashCode, hashToken, isSameHash } from './secrets.ts';

/** What a consumed challenge proved: this user reads the mail of this address. */
export interface Proof {
  readonly userId: string;
  readonly email: string;
}

/** The statement that makes it single use: of any number of callers, the database lets one through. Its clock judges, not ours. */
const consume = (column: 'id' | 'token_hash'): string => `update challenge set used_at = now()
  where ${column} = $1 and purpose = $2 and used_at is null and superseded_at is null and expires_at > now()
  returning user_id as "userId", email`;

/** Whose challenge it is, used or not; undefined when there is none. Locks nothing. */
export async function ownerOfToken(em: EntityManager, token: string): Promise<string | undefined> {
  return (
    await query<{ userId: string }>(em, 'select user_id as "userId" from challenge where token_hash = $1', [
      hashToken(token),
    ])
  )[0]?.userId;
}

/** The address that an open challenge was sent to; undefined when its token would not be taken. Uses nothing up. */
export async function addressOfToken(em: EntityManager, purpose: Purpose, token: string): Promise<string | undefined> {
  const [challenge] = await query<{ email: string }>(
    em,
    `select email from challenge
     where token_hash = $1 and purpose = $2 and used_at is null and superseded_at is null and expires_at > now()`,
    [hashToken(token), purpose],
  );
  return challenge?.email;
}

/** As {@link ownerOfToken}, by the challenge's id. */
export async function ownerOfChallenge(em: EntityManager, challengeId: string): Promise<string | undefined> {
  return (
    await query<{ userId: string }>(em, 'select user_id as "userId" from challenge where id = $1', [challengeId])
  )[0]?.userId;
}

/**
 * Uses a link's token up, inside a unit of work: if the unit fails, the challenge stays open.
 *
 * @throws {DomainError} `invalid_or_expired`, whatever the cause
 */
export async function consumeToken(em: EntityManager, purpose: Purpose, token: string): Promise<Proof> {
  return proofOf(await query<Proof>(em, consume('token_hash'), [hashToken(token), purpose]));
}

/** Uses up the challenge that {@link checkCode} found, inside a unit of work. Throws as {@link consumeToken} does. */
export async function consumeChallenge(em: EntityManager, purpose: Purpose, challengeId: string): Promise<Proof> {
  return proofOf(await query<Proof>(em, consume('id'), [challengeId, purpose]));
}

/**
 * Compares a code with the open challenge of an address. The try is counted, and committed, before the comparison, so that parallel
 * guesses count like successive ones and a failure can't roll the count back.
 *
 * @returns the id of the challenge that the code fits
 * @throws {DomainError} `invalid_or_expired`, whatever the cause
 */
export async function checkCode(
  em: EntityManager,
  purpose: Purpose,
  email: string,
  code: string,
  codeKey: Uint8Array,
): Promise<string> {
  const [found] = await query<{ id: string; codeHash: string }>(
    em,
    `update challenge set code_tries = code_tries + 1
     where purpose = $1 and email = $2 and used_at is null and superseded_at is null
       and code_expires_at > now() and expires_at > now() and code_tries < $3
     returning id, code_hash as "codeHash"`,
    [purpose, email, challengeLife.codeTries],
  );
  // Without a challenge the comparison is made all the same, against one that no code fits.
  const challenge = found ?? { id: '00000000-0000-0000-0000-000000000000', codeHash: '' };
  if (isSameHash(challenge.codeHash, hashCode(code, challenge.id, codeKey)) && found !== undefined) return found.id;
  throw invalidOrExpired();
}

/** One refusal for every cause: unknown, used, superseded, expired, another purpose, too many tries. */
export function invalidOrExpired(): DomainError {
  return new DomainError('invalid', 'invalid_or_expired', 'The link or code is not valid any more. Ask for a new one.');
}

function proofOf(rows: Proof[]): Proof {
  const [proof] = rows;
  if (proof === undefined) throw invalidOrExpired();
  return proof;
}
