import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parse as uuidToBytes, stringify as bytesToUuid } from 'uuid';

/**
 * The theory. A refresh token is `session id (16 bytes) ‖ secret (32) ‖ tag (16)`, base64url, 86 characters. The database keeps the
 * SHA-256 of the one that is current, and nothing else of it.
 *
 * - The first secret is random. Each next one is HMAC(key, the token before it), under a key that is not in the database: whoever asks
 *   again with the former token (two tabs, a lost answer) gets the very same successor, though no copy of it was kept. A
 *   dump of the database gives no token, and neither does the key without one.
 * - The tag is HMAC(key, session id ‖ secret). It tells a token that we once issued from one that somebody made up from a session's id,
 *   which is no secret. So a token of any age is known for what it is, a used one, without a row for each; and a
 *   forged one can't end anybody's session.
 *
 * When the key changes, tokens in hand stay good (their hash is there, and their successors come from the new key). What is lost is
 * the grace of those replaced in the last seconds, and that reuse of the older ones is told from forgery.
 */
export interface RefreshTokens {
  /** The first token of a session. */
  first(sessionId: string): RefreshToken;
  /** The one token that comes after this one. */
  successor(token: RefreshToken): RefreshToken;
  /** Whether we issued it, whatever has become of it. */
  isGenuine(token: RefreshToken): boolean;
}

export interface RefreshToken {
  readonly sessionId: string;
  /** What the client holds. */
  readonly text: string;
  /** What the database holds: SHA-256 in base64url. */
  readonly hash: string;
}

export function createRefreshTokens(key: Uint8Array): RefreshTokens {
  const mac = (purpose: string, bytes: Uint8Array): Buffer =>
    createHmac('sha256', key).update(`${purpose}\0`).update(bytes).digest();
  const make = (sessionId: Uint8Array, secret: Uint8Array): RefreshToken => {
    const body = Buffer.concat([sessionId, secret]);
    return fromBytes(Buffer.concat([body, mac('tag', body).subarray(0, tagBytes)]));
  };
  return {
    first: (sessionId) => make(uuidToBytes(sessionId), randomBytes(32)),
    successor: (token) => {
      const bytes = Buffer.from(token.text, 'base64url');
      return make(bytes.subarray(0, 16), mac('successor', bytes));
    },
    isGenuine: (token) => {
      const bytes = Buffer.from(token.text, 'base64url');
      return timingSafeEqual(mac('tag', bytes.subarray(0, 48)).subarray(0, tagBytes), bytes.subarray(48));
    },
  };
}

/** What every refresh token looks like. */
export const refreshTokenPattern = /^[\w-]{86}$/;

/** Reads what a client sent; undefined where it can't be one of ours. Says nothing about whether it is. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  if (!refreshTokenPattern.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  const token = fromBytes(bytes);
  return token.text === text ? token : undefined; // One text a token: the last character's spare bits are zero.
}

const tagBytes = 16;

function fromBytes(bytes: Buffer): RefreshToken {
  return {
    // Not every 16 bytes are a UUID, and what is none names no session.
    sessionId: bytesToUuidOrNil(bytes.subarray(0, 16)),
    text: bytes.toString('base64url'),
    hash: createHash('sha256').update(bytes).digest('base64url'),
  };
}

function bytesToUuidOrNil(bytes: Uint8Array): string {
  try {
    return bytesToUuid(bytes);
  } catch {
    return '00000000-0000-0000-0000-000000000000';
  }
}
