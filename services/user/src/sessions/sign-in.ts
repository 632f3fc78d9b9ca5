import type { EntityManager } from '@mikro-orm/postgresql';
import { type DomainEvent, signInFailed } from '@postrider/contracts';
import { type Unit, unitOfWork } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import { DomainError } from '@postrider/runtime/domain-error';
import { v7 as uuidv7 } from 'uuid';
import { User } from '../accounts/user.ts';
import { hashAddress, isSameHash } from '../challenges/secrets.ts';
import { type Granted, grant } from './grant.ts';
import { holdUser } from './hold-user.ts';
import { type Device, Session } from './session.ts';
import type { SessionsContext } from './sessions-context.ts';
import type { RefreshToken } from './tokens/refresh-token.ts';

export interface SignIn {
  /** Canonical. */
  readonly email: string;
  readonly password: string;
  readonly device: Device;
}

/**
 * Opens a session with address and password.
 *
 * Nobody learns from a refusal whether an address has an account, what state it is in or what is wrong with the password: one refusal
 * for all, after the same work. That is one look, one password hash (with a salt of its own where there is no stored
 * one), and one transaction that looks again and writes one statement, the account's event or a row in `unknown_sign_in`. The
 * relay is not woken for it, since its work would show in the next answer. Only after the right password one is told that the
 * address waits for its verification.
 *
 * @throws {DomainError} `invalid_credentials`, `email_unverified`, `busy`
 */
export async function signIn(context: SessionsContext, command: SignIn): Promise<Granted> {
  // Twice at most: the password may have been changed between our look and our lock.
  const attempt = (await tryToSignIn(context, command)) ?? (await tryToSignIn(context, command)) ?? 'wrong_password';
  if (attempt === 'email_unverified') throw emailUnverified();
  if (typeof attempt === 'string') throw invalidCredentials();
  context.bell.ring();
  return grant(context, attempt.session, attempt.token);
}

/** Why not. The words of `sign_in_failed`. */
type Failure = 'no_account' | 'no_password' | 'wrong_password' | 'email_unverified';
type Attempt = Failure | { readonly session: Session; readonly token: RefreshToken };

/** @returns undefined when the account's password is not the one it was compared with any more */
async function tryToSignIn(context: SessionsContext, command: SignIn): Promise<Attempt | undefined> {
  const { em, passwords } = context;
  const known = await em.fork().findOne(User, { email: command.email });
  const stored = known?.passwordHash ?? null;
  const hashed = await passwords.hash(command.password, stored ?? undefined);
  const isRight = isSameHash(stored ?? '', hashed);
  // What was hashed when hashing was cheaper is hashed anew, now that the password is at hand.
  const renewed = isRight && passwords.isOutdated(hashed) ? await passwords.hash(command.password) : undefined;
  return unitOfWork({ ...context, bell: { ring: () => undefined } }, async (unit) => {
    const user = await holdUser(unit.em, { email: command.email });
    if ((user?.passwordHash ?? null) !== stored) return undefined;
    const failure = failureOf(user, isRight);
    if (user !== null && isRight && renewed !== undefined) user.passwordHash = renewed;
    if (user !== null && failure === undefined) return openSession(unit, context, user, command.device);
    await noteFailure(unit, context, { user, failure: failure ?? 'no_account', email: command.email });
    return failure ?? 'no_account';
  });
}

function failureOf(user: User | null, isRight: boolean): Failure | undefined {
  if (user === null) return 'no_account';
  if ((user.passwordHash ?? null) === null) return 'no_password';
  if (!isRight) return 'wrong_password';
  return user.isEmailVerified ? undefined : 'email_unverified';
}

async function openSession(
  { em, record }: Unit,
  { refreshTokens, sessions: limits, now }: SessionsContext,
  user: User,
  device: Device,
): Promise<Attempt> {
  const id = uuidv7();
  const token = refreshTokens.first(id);
  const isNewDevice = await isNew(em, user, device, limits.rememberDays);
  const { session, events } = Session.open({
    id,
    userId: user.id,
    device,
    isNewDevice,
    tokenHash: token.hash,
    limits,
    at: now(),
  });
  em.persist(session);
  record(...events);
  return { session, token };
}

/**
 * Whether the account is used from elsewhere than before. Its very first sign-in is no news to anybody; an account older than our
 * memory may have been used from anywhere.
 */
async function isNew(em: EntityManager, user: User, device: Device, rememberDays: number): Promise<boolean> {
  const [before] = await query<{ isKnown: boolean | null; isForgotten: boolean }>(
    em,
    `select bool_or(device_hash = $2) as "isKnown", $3::timestamptz < now() - $4 * interval '1 day' as "isForgotten"
     from session where user_id = $1`,
    [user.id, device.hash, user.createdAt, rememberDays],
  );
  return before?.isKnown === null ? before.isForgotten : before?.isKnown === false;
}

/** One statement for a known account, one like it for an unknown address. */
async function noteFailure(
  { em, record }: Unit,
  { codeKey }: SessionsContext,
  { user, failure, email }: { user: User | null; failure: Failure; email: string },
): Promise<void> {
  const addressKey = hashAddress(email, codeKey);
  if (user !== null) return record(...failed(user, failure));
  await query(em, 'insert into unknown_sign_in (address_key) values ($1)', [addressKey]);
}

function failed(user: User, reason: Failure): DomainEvent[] {
  return [signInFailed.create({ userId: user.id, method: 'password', reason })];
}

function invalidCredentials(): DomainError {
  return new DomainError('unauthenticated', 'invalid_credentials', 'The address or the password is wrong.');
}

function emailUnverified(): DomainError {
  return new DomainError('forbidden', 'email_unverified', 'The address must be verified first: look for our mail.');
}
