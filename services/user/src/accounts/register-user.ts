import { LockMode } from '@mikro-orm/core';
import { DomainError } from '@postrider/runtime/domain-error';
import { type Unit, unitOfWork } from '@postrider/outbox';
import { v7 as uuidv7 } from 'uuid';
import { issueChallenge } from '../challenges/issue-challenge.ts';
import { endMailTurn, type MailTurn, takeMailTurn } from '../challenges/mail-cooldown.ts';
import type { PreparedChallenge } from '../challenges/prepare-challenge.ts';
import { pretendChallenge, pretendEvent, pretendWrite } from '../challenges/pretend-challenge.ts';
import { hashAddress } from '../challenges/secrets.ts';
import type { AccountsContext } from './accounts-context.ts';
import { isComparable } from './password-hasher.ts';
import { User } from './user.ts';
import { openFlow } from './verification-flow.ts';

export interface RegisterUser {
  /** Canonical. */
  readonly email: string;
  readonly password: string;
  readonly displayName?: string | undefined;
  readonly locale: string;
}

/**
 * Registers an address. The answer is the same whatever its state, and so is the work: one look, one password hash, one sealed
 * challenge, and as many statements, some of which write what nobody reads. What differs is who gets a mail:
 * a new account → its verification; an unverified one → another, unless one was sent a moment ago; a verified one → a notice
 * to its owner.
 *
 * @returns the flow for the client that asked
 * @throws {DomainError} `password_policy`, `busy`
 */
export async function registerUser(context: AccountsContext, command: RegisterUser): Promise<{ flowId: string }> {
  context.passwordPolicy.refuseWeak(command.password, command.email);
  // The account may have come, or its hash changed, between our look and our lock: of some at once one gets through each time.
  for (let tries = 0; tries < mostTries; tries++) {
    const flow = await tryToRegister(context, command);
    if (flow === undefined) continue;
    context.bell.ring(); // Whatever happened: to wake the relay is work, too.
    return flow;
  }
  throw new DomainError('unavailable', 'busy', 'This address is being changed at this moment. Try again shortly.', {
    retryAfterSeconds: 1,
  });
}

const mostTries = 5;

async function tryToRegister(context: AccountsContext, command: RegisterUser): Promise<{ flowId: string } | undefined> {
  const { em, now, passwords, prepareChallenge, codeKey } = context;
  const known = await em.fork().findOne(User, { email: command.email });
  const passwordHash = await passwords.hash(command.password, known?.passwordHash ?? undefined);
  const prepared = await prepareChallenge('email_verification', command.email, now());
  return unitOfWork(context, async (unit) => {
    // The cooldown's row comes first: requests for one address take turns here, so that none of them meets a half-made account.
    const addressKey = hashAddress(command.email, codeKey);
    const turn = await takeMailTurn(unit.em, addressKey, context.mailCap);
    const user = await unit.em.findOne(User, { email: command.email }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    // Hashes under two salts say nothing about the passwords: a double click must not look like two people.
    if (user !== null && !isComparable(user.passwordHash ?? null, passwordHash)) return undefined;
    const isMailed =
      user === null
        ? await createAccount(unit, command, passwordHash, prepared, now())
        : await meetAccount(unit, user, { passwordHash, prepared, turn, now: now() });
    await endMailTurn(unit.em, addressKey, isMailed);
    return { flowId: await openFlow(unit.em, command.email, now()) };
  });
}

/** A first mail is always due: a stranger who asked for this address a moment ago must not keep its owner from it. */
async function createAccount(
  { em, record }: Unit,
  command: RegisterUser,
  passwordHash: string,
  prepared: PreparedChallenge,
  now: Date,
): Promise<true> {
  const { email, displayName, locale } = command;
  const { user, events } = User.register({ id: uuidv7(), email, displayName, locale, passwordHash, at: now });
  em.persist(user);
  await em.flush(); // The challenge refers to the account's row.
  await issueChallenge(em, user.id, prepared, now);
  record(...events, ...user.challengeEmail(prepared));
  return true;
}

interface Meeting {
  readonly passwordHash: string;
  readonly prepared: PreparedChallenge;
  readonly turn: MailTurn;
  readonly now: Date;
}

/** @returns whether a mail goes out */
async function meetAccount({ em, record }: Unit, user: User, meeting: Meeting): Promise<boolean> {
  const { passwordHash, prepared, turn, now } = meeting;
  const wasDisputed = user.isPasswordDisputed;
  user.submitPasswordAgain(passwordHash);
  if (user.isPasswordDisputed === wasDisputed) await pretendWrite(em, passwordHash); // Else the account's own row is written.
  if (turn.isDue && !user.isEmailVerified) {
    await issueChallenge(em, user.id, prepared, now);
    record(...user.challengeEmail(prepared));
    return true;
  }
  await pretendChallenge(em, prepared, now);
  const isNoticed = turn.isNoticeDue && user.isEmailVerified;
  if (isNoticed) record(...user.noticeRegistrationAttempt());
  else await pretendEvent(em, prepared);
  return isNoticed;
}
