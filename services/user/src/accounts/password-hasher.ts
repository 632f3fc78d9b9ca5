import { availableParallelism } from 'node:os';
import { hash } from '@node-rs/argon2';
import { DomainError } from '@postrider/runtime/domain-error';

/**
 * Argon2id (RFC 9106) with m = 19 MiB, t = 2, p = 1, the OWASP parameters, in a bounded pool: about one hash a core at once, since
 * more would only wait for each other, and a bounded queue, since a client has gone by the time its turn comes in a longer one.
 */
export interface PasswordHasher {
  /**
   * Hashes a password, with a random salt or, to compare with a stored hash, with the salt and the parameters of that one: equal
   * passwords then give equal texts. The work is the same either way, unless the parameters were raised since.
   *
   * @returns PHC string
   * @throws {DomainError} `busy` when the queue is full
   */
  hash(password: string, like?: string): Promise<string>;
  /** Whether a stored hash was made with other parameters than are used now: make it anew when the password is at hand. */
  isOutdated(stored: string): boolean;
}

/** Of Argon2id (RFC 9106 §3.1). */
export interface HashParameters {
  /** KiB. */
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/** How many may wait for their turn. */
const queueLimit = 500;

/** How many hashes the service has under way or waiting at most: more requests than that it need not let in. */
export const hashingCapacity = availableParallelism() + queueLimit;

const owasp: HashParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function createPasswordHasher(
  options: { atOnce?: number; mostWaiting?: number; parameters?: HashParameters } = {},
): PasswordHasher {
  const { atOnce = availableParallelism(), mostWaiting = queueLimit, parameters = owasp } = options;
  const waiting: (() => void)[] = [];
  let working = 0;
  return {
    async hash(password, like) {
      if (waiting.length >= mostWaiting) throw tooManyWait();
      if (working >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      else working++;
      try {
        return await hash(password.normalize('NFC'), { ...parameters, ...partsOf(like) });
      } finally {
        const next = waiting.shift(); // The place goes on to the next in line.
        if (next === undefined) working--;
        else next();
      }
    },
    isOutdated(stored) {
      const { memoryCost, timeCost, parallelism } = { ...parameters, ...partsOf(stored) };
      return (
        memoryCost !== parameters.memoryCost ||
        timeCost !== parameters.timeCost ||
        parallelism !== parameters.parallelism
      );
    },
  };
}

/** `busy`, with the time to come again. */
export function tooManyWait(): DomainError {
  return new DomainError('unavailable', 'busy', 'Too many passwords are waiting to be hashed. Try again shortly.', {
    retryAfterSeconds: 2,
  });
}

/** Whether the new hash was made with the salt of the stored one; an account without a password has nothing to compare. */
export function isComparable(stored: string | null, hashed: string): boolean {
  return stored === null || partsOf(stored).salt?.toString('hex') === partsOf(hashed).salt?.toString('hex');
}

/** PHC: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, base64 without padding. */
function partsOf(phc: string | undefined): Partial<HashParameters> & { salt?: Buffer } {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$/.exec(phc ?? '');
  if (parts === null) return {};
  const [, memory, time, lanes, salt = ''] = parts;
  return {
    memoryCost: Number(memory),
    timeCost: Number(time),
    parallelism: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
  };
}
