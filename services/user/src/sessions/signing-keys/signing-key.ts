import {
  calculateJwkThumbprint,
  CompactEncrypt,
  compactDecrypt,
  type CryptoKey,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';

/** What access tokens may be signed with: ES256 by default, RS256 for gateways that know only RSA, Ed25519 (RFC 9864) for those that know more. */
export const signingAlgorithms = ['ES256', 'RS256', 'Ed25519'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** A key as the table holds it. */
export interface StoredKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** With `kid`, `alg` and `use`, as it is published. */
  readonly publicJwk: JWK;
  /** Compact JWE of the private JWK (`dir`, `A256GCM`); its `kid` is authenticated with it. */
  readonly sealedPrivateJwk: string;
}

/** A key that verifies, and signs too where we could open its private half. */
export interface SigningKey extends Omit<StoredKey, 'sealedPrivateJwk'> {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey | undefined;
}

/** Makes a key pair; the private half leaves this function sealed. */
export async function makeSigningKey(algorithm: SigningAlgorithm, encryptionKey: Uint8Array): Promise<StoredKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2_048 });
  const jwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const sealedPrivateJwk = await new CompactEncrypt(Buffer.from(JSON.stringify(await exportJWK(pair.privateKey))))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(encryptionKey);
  return { kid, algorithm, publicJwk: { ...jwk, kid, alg: algorithm, use: 'sig' }, sealedPrivateJwk };
}

/** Makes a stored key usable. Without the right encryption key it still verifies. */
export async function openSigningKey(stored: StoredKey, encryptionKey: Uint8Array): Promise<SigningKey> {
  const { kid, algorithm, publicJwk, sealedPrivateJwk } = stored;
  const publicKey = await importKey(publicJwk, algorithm);
  const privateJwk = await openPrivateJwk(sealedPrivateJwk, kid, encryptionKey);
  const privateKey = privateJwk && (await importKey(privateJwk, algorithm));
  return { kid, algorithm, publicJwk, publicKey, privateKey };
}

async function openPrivateJwk(sealed: string, kid: string, encryptionKey: Uint8Array): Promise<JWK | undefined> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, encryptionKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return protectedHeader['kid'] === kid ? (JSON.parse(Buffer.from(plaintext).toString()) as JWK) : undefined; // We wrote it.
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) return undefined; // Sealed under another key.
    throw error;
  }
}

async function importKey(jwk: JWK, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('A signing key is a pair, not a secret.');
  return key;
}
