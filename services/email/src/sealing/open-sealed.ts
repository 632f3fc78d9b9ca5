import { PermanentError } from '@postrider/messaging';
import { compactDecrypt, type CryptoKey, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import { z } from 'zod';

/** What a challenge's mail must hold and nobody else may know. */
export interface Secret {
  /** For the link: at least 256 bits, base64url. */
  readonly token: string;
  /** For typing: eight digits. */
  readonly code: string;
}

/** What the event says in the open; the sealed part repeats each member in its authenticated header. */
export interface SealedFor {
  readonly challengeId: string;
  readonly purpose: string;
  readonly email: string;
  readonly expiresAt: string;
}

/** Our private keys by `kid`. While a key is being replaced there are two: what was sealed for the old one still opens. */
export type SealingKeys = ReadonlyMap<string, CryptoKey | Uint8Array>;

const algorithms = { keyManagementAlgorithms: ['ECDH-ES+A256KW'], contentEncryptionAlgorithms: ['A256GCM'] };
const secretSchema = z.object({ token: z.string().regex(/^[\w-]{43,128}$/), code: z.string().regex(/^\d{8}$/) });

/** @throws when a key is no private EC key with a `kid` */
export async function importSealingKeys(jwks: readonly JWK[]): Promise<SealingKeys> {
  return new Map(
    await Promise.all(
      jwks.map(async (jwk) => {
        if (jwk.kid === undefined || jwk.d === undefined)
          throw new Error(`The sealing key "${jwk.kid ?? ''}" must be a private JWK with a kid.`);
        return [jwk.kid, await importJWK(jwk, 'ECDH-ES+A256KW')] as const;
      }),
    ),
  );
}

/**
 * Opens the sealed part of a challenge, and makes sure that it was sealed for this very event: a sealed part copied into another
 * event (another address, an older challenge, another purpose) is refused.
 *
 * @throws {PermanentError} saying which check failed, and nothing of the content
 */
export async function openSealed(keys: SealingKeys, sealed: string, expected: SealedFor): Promise<Secret> {
  const kid = readKid(sealed);
  const key = keys.get(kid);
  if (key === undefined)
    throw new PermanentError(
      `The sealed part is for the key "${kid.slice(0, 64)}", which is not in SEALING_PRIVATE_KEYS.`,
    );
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, key, algorithms).catch(() => {
    throw new PermanentError('The sealed part can’t be decrypted.');
  });
  for (const [member, value] of Object.entries(expected)) {
    if (protectedHeader[member] !== value)
      throw new PermanentError(`The sealed part was made for another event: its ${member} differs.`);
  }
  const secret = parseSecret(plaintext);
  if (secret === undefined) throw new PermanentError('The sealed part holds no token and code.');
  return secret;
}

function readKid(sealed: string): string {
  try {
    return decodeProtectedHeader(sealed).kid ?? '';
  } catch {
    throw new PermanentError('The sealed part is no compact JWE.');
  }
}

function parseSecret(plaintext: Uint8Array): Secret | undefined {
  try {
    return secretSchema.safeParse(JSON.parse(new TextDecoder().decode(plaintext))).data;
  } catch {
    return undefined; // The parser's own message would repeat what it read.
  }
}
