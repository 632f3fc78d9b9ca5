import type { Outcome } from './user-api.ts';

export type OperationKind = 'register' | 'resend' | 'confirm' | 'forget' | 'reset';

/** What one person tried and what they heard. */
export interface PersonHistory {
  readonly email: string;
  readonly operations: { readonly kind: OperationKind; readonly outcome: Outcome }[];
}

/** What the database of the user service holds of a person at the end. */
export interface FinalAccount {
  readonly email: string;
  readonly isVerified: boolean;
  /** Events of the log about this account. */
  readonly registrations: number;
  readonly verifications: number;
  readonly resets: number;
}

/** A broken promise to a client. */
export interface BrokenPromise {
  readonly email: string;
  readonly text: string;
}

/**
 * Holds what people were told against what is there (each address is used by one person alone, so that every operation can be told apart):
 * what was acknowledged is there, what was refused is not, and nothing happened twice.
 */
export function judgeHistory(people: Iterable<PersonHistory>, accounts: readonly FinalAccount[]): BrokenPromise[] {
  const broken: BrokenPromise[] = [];
  const byEmail = new Map(accounts.map((account) => [account.email, account]));
  for (const person of people) {
    for (const text of complaintsOf(person, byEmail.get(person.email))) broken.push({ email: person.email, text });
    byEmail.delete(person.email);
  }
  for (const email of byEmail.keys()) broken.push({ email, text: 'has an account and never asked for one' });
  return broken;
}

function complaintsOf({ operations }: PersonHistory, account: FinalAccount | undefined): string[] {
  const heard = (kind: OperationKind, ...outcomes: Outcome[]): boolean =>
    operations.some((one) => one.kind === kind && outcomes.includes(one.outcome));
  const count = (kind: OperationKind, ...outcomes: Outcome[]): number =>
    operations.filter((one) => one.kind === kind && outcomes.includes(one.outcome)).length;
  if (count('confirm', 'ok') > 1) return ['confirmed more than once'];
  // Nobody asks for a reset twice.
  if (count('reset', 'ok') > 1) return ['set a new password more than once with one link'];
  if (account !== undefined) return complaintsAbout(account, heard);
  return heard('register', 'ok') ? ['was told that the registration is accepted, and has no account'] : [];
}

function complaintsAbout(
  { isVerified, registrations, verifications, resets }: FinalAccount,
  heard: (kind: OperationKind, ...outcomes: Outcome[]) => boolean,
): string[] {
  const complaints: [isBroken: boolean, text: string][] = [
    [!heard('register', 'ok', 'unknown'), 'was refused every time, and has an account'],
    [registrations !== 1, `was registered ${registrations} times in the event log`],
    [heard('confirm', 'ok') && !isVerified, 'was told that the address is verified, and it is not'],
    [heard('reset', 'ok') && !isVerified, 'set a new password by mail, and the address is not verified'],
    [
      isVerified && !heard('confirm', 'ok', 'unknown') && !heard('reset', 'ok', 'unknown'),
      'is verified and never confirmed',
    ],
    [heard('reset', 'ok') && resets === 0, 'was told that the new password is set, and it is not'],
    [resets > 0 && !heard('reset', 'ok', 'unknown'), 'has a new password and never set one'],
    [resets > 1, `has set a new password ${resets} times in the event log`],
    [verifications !== (isVerified ? 1 : 0), `was verified ${verifications} times in the event log`],
  ];
  return complaints.flatMap(([isBroken, text]) => (isBroken ? [text] : []));
}
