import { DomainError } from '@postrider/runtime/domain-error';
import { readCommonPasswords } from './common-passwords/common-passwords.ts';

export const passwordMaxLength = 256;

/**
 * Which passwords may be set (NIST SP 800-63B-4 §3.1.1.2, ASVS 5.0 §6.2): length is what counts, no composition rules, nothing trimmed.
 * Refused is what guessers try first: passwords that many people use, repetitions, runs like 12345 or abcde, and the words
 * that are at hand, of the product and of the person's own address. Everything is judged by code points after NFC, as it is hashed.
 */
export interface PasswordPolicy {
  /**
   * @param email canonical, of the account
   * @throws {DomainError} `password_policy`
   */
  refuseWeak(password: string, email: string): void;
}

export interface PasswordPolicyOptions {
  readonly minLength: number;
  /** Names of the product and of its site: everybody who attacks it knows them. */
  readonly productWords: readonly string[];
}

export function createPasswordPolicy({ minLength, productWords }: PasswordPolicyOptions): PasswordPolicy {
  const common = readCommonPasswords(minLength);
  return {
    refuseWeak(password, email) {
      const characters = Array.from(password.normalize('NFC'));
      if (characters.length < minLength || characters.length > passwordMaxLength)
        throw weak(`A password has ${minLength} to ${passwordMaxLength} characters.`);
      const folded = characters.join('').toLowerCase();
      if (common.has(folded)) throw weak('This password is used by many people, so it is among the first to be tried.');
      if (isRepetition(characters)) throw weak('This password repeats itself.');
      if (isRun(characters)) throw weak('This password is a run of neighbouring characters.');
      if (isMadeOf(folded, [...productWords, ...wordsOf(email)], minLength))
        throw weak('This password is made of your address or of our name.');
    },
  };
}

function weak(why: string): DomainError {
  return new DomainError('rejected', 'password_policy', `${why} A few unrelated words make a good one.`);
}

/** One piece again and again, twice at least, the last one perhaps cut off. */
function isRepetition(characters: readonly string[]): boolean {
  for (let period = 1; period * 2 <= characters.length; period++)
    if (characters.every((character, at) => at < period || character === characters[at - period])) return true;
  return false;
}

/** Each character one after the one before, or each one before it; after 9 comes 0. */
function isRun(characters: readonly string[]): boolean {
  const steps = characters.slice(1).map((character, at) => stepBetween(characters[at] ?? '', character));
  return steps.length > 0 && [1, -1].some((step) => steps.every((one) => one === step));
}

function stepBetween(one: string, next: string): number {
  if (one === '9' && next === '0') return 1;
  if (one === '0' && next === '9') return -1;
  return (next.codePointAt(0) ?? 0) - (one.codePointAt(0) ?? 0);
}

/** Whether less than half a password is left without the known words. */
function isMadeOf(folded: string, words: readonly string[], minLength: number): boolean {
  const rest = words
    .toSorted((a, b) => b.length - a.length) // The whole address before its parts.
    .reduce((left, word) => left.replaceAll(word, ''), folded);
  return rest !== folded && Array.from(rest).length < minLength / 2;
}

/** Our name, and those of the site that people type it into. */
export function productWords(publicUrl: string): string[] {
  return ['postrider', ...new URL(publicUrl).hostname.split('.')].filter((word) => word.length >= shortestWord);
}

/** Shorter pieces are in many good passwords by chance. */
const shortestWord = 4;

/** `ada.lovelace@mail.example.com`: itself, both sides of the @, and their parts. */
function wordsOf(email: string): string[] {
  return [email, ...email.split('@'), ...email.split(/[^a-z0-9]+/)].filter((word) => word.length >= shortestWord);
}
