import { isDeepStrictEqual } from 'node:util';
import { type EventContract, parseData } from '@postrider/contracts';
import type { DeadLetter } from './dead-letter.ts';

/** Gets a letter's data as it is (undefined where it is no JSON) and returns what it should be. */
export type Edit = (data: unknown, letter: DeadLetter) => unknown;

export interface EditedLetter {
  readonly data: Uint8Array;
  /** Members that differ now, by name. */
  readonly edited: readonly string[];
}

/**
 * Changes a letter's data, and checks the outcome by the contract of its type: what no handler would take is not sent.
 *
 * @throws {ContractViolation} naming every member that breaks the contract, never its value
 * @throws when no contract describes the letter's type
 */
export function editLetter(letter: DeadLetter, edit: Edit, contracts: readonly EventContract[]): EditedLetter {
  const contract = contracts.find(({ type }) => type === letter.type);
  if (contract === undefined) throw new Error(`No contract describes "${letter.type}": it can't be edited.`);
  const before = readJson(letter.data);
  const after = edit(structuredClone(before), letter);
  const data = new TextEncoder().encode(JSON.stringify(after) ?? '');
  parseData(contract, data);
  return { data, edited: changedMembers(before, after) };
}

function readJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}

function changedMembers(before: unknown, after: unknown): string[] {
  const [was, is] = [membersOf(before), membersOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => !isDeepStrictEqual(was.get(name), is.get(name)))
    .toSorted();
}

function membersOf(value: unknown): Map<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
