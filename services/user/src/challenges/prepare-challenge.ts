import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import type { Purpose } from './challenge.ts';
import { hashCode, hashToken, newCode, newToken } from './secrets.ts';

/** A challenge as it can be stored and published: hashes for us, the secrets sealed for the email service. */
export interface PreparedChallenge {
  readonly id: string;
  readonly purpose: Purpose;
  readonly email: string;
  readonly tokenHash: string;
  readonly codeHash: string;
  readonly codeExpiresAt: Date;
  readonly expiresAt: Date;
  readonly sealed: string;
}

export type PrepareChallenge = (purpose: Purpose, email: string, now: Date) => Promise<PreparedChallenge>;

export const challengeLife = { linkMs: 24 * 3_600_000, codeMs: 10 * 60_000, codeTries: 5 } as const;

/**
 * Makes challenges; the plain token and code live only inside one call. It is called for every request, also for those that will not
 * store the result: how long a request takes must not tell whether the address is known.
 */
export async function createChallengeMaker(options: {
  sealingPublicKey: JWK;
  codeKey: Uint8Array;
}): Promise<PrepareChallenge> {
  const { sealingPublicKey, codeKey } = options;
  const key = await importJWK(sealingPublicKey, 'ECDH-ES+A256KW');
  return async (purpose, email, now) => {
    const id = uuidv7();
    const [token, code] = [newToken(id), newCode()];
    const expiresAt = new Date(now.getTime() + challengeLife.linkMs);
    const sealed = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ token, code })))
      .setProtectedHeader({
        alg: 'ECDH-ES+A256KW',
        enc: 'A256GCM',
        ...(sealingPublicKey.kid !== undefined && { kid: sealingPublicKey.kid }),
        // Authenticated with the rest: a sealed part can't be replayed under another challenge, purpose, address or time.
        challengeId: id,
        purpose,
        email,
        expiresAt: expiresAt.toISOString(),
      })
      .encrypt(key);
    return {
      id,
      purpose,
      email,
      tokenHash: hashToken(token),
      codeHash: hashCode(code, id, codeKey),
      codeExpiresAt: new Date(now.getTime() + challengeLife.codeMs),
      expiresAt,
      sealed,
    };
  };
}
