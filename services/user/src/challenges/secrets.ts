import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { parse as uuidToBytes } from 'uuid';

/**
 * The link's token: 16 bytes that name the challenge and 32 random ones, base64url, 64 characters. Nothing keeps it but the mail.
 * A page that holds it can ask for the state of its challenge without showing anybody the secret half.
 */
export function newToken(challengeId: string): string {
  return Buffer.concat([uuidToBytes(challengeId), randomBytes(32)]).toString('base64url');
}

/** SHA-256 is enough: 256 random bits can't be guessed from it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Eight decimal digits, uniform. */
export function newCode(): string {
  return String(randomInt(100_000_000)).padStart(8, '0');
}

/** Keyed and bound to its challenge: 10⁸ codes are quickly tried by whoever has a dump of the database, unless the key is elsewhere. */
export function hashCode(code: string, challengeId: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`code\0${challengeId}\0${code}`).digest('base64url');
}

/** Whether two hashes are equal, in time that does not tell where they differ. */
export function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Names an address where it must not be readable. */
export function hashAddress(email: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`address\0${email}`).digest('base64url');
}
