import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import { DomainError, type Logger, type PartHealth } from '@postrider/runtime';
import { isDatabaseOutage, query } from '@postrider/runtime/database';
import type { JWK } from 'jose';
import { jwksMaxAgeSeconds, replaceOldKeys } from './replace-old-keys.ts';
import { openSigningKey, type SigningAlgorithm, type SigningKey, type StoredKey } from './signing-key.ts';

/**
 * The theory. The table is the one truth, and the database's clock its clock: every replica reads it once a minute, signs with
 * the newest key whose time has come, verifies with all of them and publishes all of them. So replicas agree without talking.
 *
 * A key is in the table, and so published, for ten minutes before it signs: longer than the minute until each replica has read it and the five
 * that somebody may cache what we publish. It stays ten minutes after its successor began to sign: longer than a token
 * lives, with what replicas and clocks may lag behind. Who reads the table makes what is missing and removes what is over
 * (replace-old-keys.ts), one at a time.
 *
 * A token with a `kid` that we don't know makes us read again, since a first key signs at once, and another replica may have made it a
 * moment ago: at most once in ten seconds, or whoever sends made-up ones would make the database work.
 */
export interface SigningKeys extends AsyncDisposable {
  /** The key to sign with. Throws `unavailable` until there is one. */
  current(): SigningKey & { readonly privateKey: NonNullable<SigningKey['privateKey']> };
  /** A key to verify with; undefined for one that is retired or never was. */
  find(kid: string): Promise<SigningKey | undefined>;
  /** What may be published: public keys, the newest first. */
  published(): readonly JWK[];
  /** Up once there is a key to sign with. */
  health(): PartHealth;
  /** Reads the table now, and brings it up to date. Rejects when the database does. */
  runOnce(): Promise<void>;
}

export interface SigningKeysOptions {
  readonly em: EntityManager;
  readonly algorithm: SigningAlgorithm;
  /** Seals the private keys in the database: 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** Age at which a key gets its successor. */
  readonly replaceAfterDays: number;
  readonly log: Logger;
  /** Resolves when the tables are there, rejects when the signal aborts first. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
}

const everyMs = 60_000;
const retryMs = 1_000;
const rereadAtMostEveryMs = 10_000;

export { jwksMaxAgeSeconds };

/** Starts reading; returns at once. */
export function startSigningKeys(options: SigningKeysOptions): SigningKeys {
  const stopping = new AbortController();
  const state: State = { keys: [], current: undefined, readAt: -Infinity, reading: undefined };
  const running = repeat(options, state, stopping.signal);
  return {
    current() {
      if (state.current === undefined)
        throw new DomainError('unavailable', 'unavailable', 'There is no signing key yet. Try again shortly.', {
          retryAfterSeconds: 1,
        });
      return state.current;
    },
    async find(kid) {
      const find = (): SigningKey | undefined => state.keys.find((key) => key.kid === kid);
      const known = find();
      if (known !== undefined || performance.now() - state.readAt < rereadAtMostEveryMs) return known;
      await readOnce(options, state);
      return find();
    },
    published: () => state.keys.map(({ publicJwk }) => publicJwk),
    health: () =>
      state.current === undefined ? { status: 'starting', detail: 'no signing key yet' } : { status: 'up' },
    runOnce: () => readOnce(options, state),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await state.reading?.catch(() => undefined); // Whoever asked for it was told; the database closes after this.
    },
  };
}

interface State {
  keys: readonly SigningKey[];
  current: ReturnType<SigningKeys['current']> | undefined;
  /** When the latest reading began, by `performance.now()`. */
  readAt: number;
  reading: Promise<void> | undefined;
}

async function repeat(options: SigningKeysOptions, state: State, signal: AbortSignal): Promise<void> {
  await options.ready(signal).catch(() => undefined); // Rejects only when stopped.
  while (!signal.aborted) {
    let pauseMs = everyMs;
    try {
      await readOnce(options, state);
      if (state.current === undefined) pauseMs = retryMs;
    } catch (error) {
      options.log[isDatabaseOutage(error) ? 'warn' : 'error']({ err: error }, 'signing keys not read: trying again');
      pauseMs = retryMs;
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // Rejects only when stopped.
  }
}

/** Callers that come while one reads share its result. */
function readOnce(options: SigningKeysOptions, state: State): Promise<void> {
  state.reading ??= read(options, state).finally(() => (state.reading = undefined));
  return state.reading;
}

async function read(options: SigningKeysOptions, state: State): Promise<void> {
  state.readAt = performance.now();
  const em = options.em.fork();
  let keys = await load(em, options, state.keys);
  if (await replaceOldKeys(em, options, keys)) keys = await load(em, options, state.keys);
  const current = keys.find(
    (key): key is Loaded & { privateKey: object } => key.isActive && key.privateKey !== undefined,
  );
  if (current?.kid !== state.current?.kid) options.log.info({ kid: current?.kid }, 'signing key in use');
  state.keys = keys;
  state.current = current;
}

interface Loaded extends SigningKey {
  readonly isActive: boolean;
}

/** Opens what is new; what is known is open already. */
async function load(
  em: EntityManager,
  { encryptionKey, log }: SigningKeysOptions,
  known: readonly SigningKey[],
): Promise<Loaded[]> {
  const rows = await query<StoredKey & { isActive: boolean }>(
    em,
    `select kid, algorithm, public_jwk as "publicJwk", sealed_private_jwk as "sealedPrivateJwk", not_before <= now() as "isActive"
     from signing_key order by not_before desc, kid`,
    [],
  );
  return Promise.all(
    rows.map(async ({ isActive, ...stored }) => {
      const key = known.find(({ kid }) => kid === stored.kid) ?? (await openSigningKey(stored, encryptionKey));
      if (key.privateKey === undefined && !known.includes(key))
        log.warn(
          { kid: key.kid },
          'this signing key was sealed under another SESSION_KEY: it verifies, and never signs',
        );
      return { ...key, isActive };
    }),
  );
}
