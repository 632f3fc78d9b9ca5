import { randomBytes } from 'node:crypto';

const LENGTH = 22;
const TIME_DIGITS = 9;
const COUNT_DIGITS = 4;

/** What an ID looks like in a path: 22 characters like Mailpit's, but lower case (they are file names, also on macOS). */
export const mailIdPattern = `[0-9a-z]{${LENGTH}}`;

/**
 * A source of IDs that sort by arrival: time in milliseconds, a count within the millisecond, randomness. A clock that
 * is set back does not reorder: the highest time seen stays.
 */
export function createMailIds(now: () => number): () => string {
  let lastMs = 0;
  let count = 0;
  return () => {
    const ms = Math.max(lastMs, now());
    count = ms === lastMs ? count + 1 : 0;
    lastMs = ms;
    return digits(ms, TIME_DIGITS) + digits(count, COUNT_DIGITS) + randomDigits();
  };
}

function digits(value: number, length: number): string {
  return value.toString(36).padStart(length, '0');
}

function randomDigits(): string {
  const length = LENGTH - TIME_DIGITS - COUNT_DIGITS;
  return digits(randomBytes(6).readUIntBE(0, 6) % 36 ** length, length);
}
