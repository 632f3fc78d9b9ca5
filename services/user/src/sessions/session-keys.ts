import { hkdfSync } from 'node:crypto';

/** One key for each purpose, from the one of the configuration (HKDF-SHA-256, RFC 5869). */
export interface SessionKeys {
  /** Seals the private signing keys in the database. */
  readonly signingKeyEncryption: Uint8Array;
  /** Makes the successors and the tags of refresh tokens. */
  readonly refreshTokens: Uint8Array;
}

export function deriveSessionKeys(sessionKey: Uint8Array): SessionKeys {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', sessionKey, new Uint8Array(), `postrider ${purpose}`, 32));
  return { signingKeyEncryption: derive('signing key encryption'), refreshTokens: derive('refresh tokens') };
}
