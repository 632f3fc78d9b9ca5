import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { makeSigningKey, type SigningAlgorithm, type SigningKey, type StoredKey } from './signing-key.ts';

/** How long others may keep what we publish. */
export const jwksMaxAgeSeconds = 300;
/** From being published to signing, and from its successor's signing to being gone. */
const overlapSeconds = 600;

export interface ReplaceOptions {
  readonly algorithm: SigningAlgorithm;
  readonly encryptionKey: Uint8Array;
  readonly replaceAfterDays: number;
}

/**
 * Makes the key that is missing: one of the right algorithm, that we can open and whose time to be replaced has not come. It
 * begins to sign when everybody has had the time to see it; at once where nothing else can sign. Removes those whose successor has
 * signed for long enough. Replicas take turns by an advisory lock, and the second finds the work done.
 *
 * @param known what the caller has read, each with its private half if we can open it; of one that another replica has made since then we
 *   don't know whether we can, so it is to be read first
 * @returns whether the table changed
 */
export async function replaceOldKeys(
  em: EntityManager,
  options: ReplaceOptions,
  known: readonly Pick<SigningKey, 'kid' | 'privateKey'>[],
): Promise<boolean> {
  const { algorithm } = options;
  const isOurs = ({ kid }: StoredKey): boolean => known.some((key) => key.kid === kid && key.privateKey !== undefined);
  const isNew = ({ kid }: StoredKey): boolean => !known.some((key) => key.kid === kid);
  const isMissing = (rows: Row[]): boolean =>
    !rows.some((key) => key.algorithm === algorithm && key.isYoung && isOurs(key));
  const found = await look(em);
  if (!isMissing(found) && !found.some(({ isOver }) => isOver)) return false;
  // RSA takes a second to make: not while others wait for the lock.
  const spare = isMissing(found) ? await makeSigningKey(algorithm, options.encryptionKey) : undefined;
  return em.transactional(async (em) => {
    await query(em, `select pg_advisory_xact_lock(hashtext('postrider.signing_keys'))`, []);
    const rows = await look(em);
    if (spare !== undefined && isMissing(rows) && !rows.some(isNew)) {
      await insert(em, spare, { ...options, canWait: rows.some((key) => key.isActive && isOurs(key)) });
    }
    await query(em, `delete from signing_key where kid = any($1)`, [
      rows.filter(({ isOver }) => isOver).map(({ kid }) => kid),
    ]);
    return true;
  });
}

interface Row extends StoredKey {
  /** Its time to sign has come. */
  readonly isActive: boolean;
  /** Its time to be replaced has not. */
  readonly isYoung: boolean;
  /** A newer one has signed for so long that no token of this one is good any more. */
  readonly isOver: boolean;
}

async function look(em: EntityManager): Promise<Row[]> {
  return query<Row>(
    em,
    `select kid, algorithm, public_jwk as "publicJwk", sealed_private_jwk as "sealedPrivateJwk",
       not_before <= now() as "isActive", replace_at > now() as "isYoung",
       exists (select from signing_key s
         where s.not_before > k.not_before and s.not_before < now() - $1 * interval '1 second') as "isOver"
     from signing_key k`,
    [overlapSeconds],
  );
}

async function insert(
  em: EntityManager,
  key: StoredKey,
  options: ReplaceOptions & { canWait: boolean },
): Promise<void> {
  await query(
    em,
    `insert into signing_key (kid, algorithm, public_jwk, sealed_private_jwk, not_before, replace_at)
     values ($1, $2, $3::jsonb, $4, now() + $5 * interval '1 second', now() + $6 * interval '1 day')`,
    [
      key.kid,
      key.algorithm,
      JSON.stringify(key.publicJwk),
      key.sealedPrivateJwk,
      options.canWait ? overlapSeconds : 0,
      options.replaceAfterDays,
    ],
  );
}
