import type { Part } from '../nemesis/fault.ts';

/** What shows that a promise holds. */
export type Proof =
  /** A fault of the nemesis, in the runs that break everything. */
  | { readonly fault: string }
  /** A kill between two steps, in the run of kill points. */
  | { readonly point: string }
  /** A scenario with figures. */
  | { readonly scenario: string }
  /** An integration test, by its file and its name as it stands there. */
  | { readonly test: string; readonly name: string };

/** Something that can break, what is promised all the same, and what shows it. */
export interface FaultPromise {
  readonly part: Part | 'consumer' | 'payloads';
  readonly fault: string;
  readonly promise: string;
  readonly proofs: readonly [Proof, ...Proof[]];
}

export const byFault = (fault: string): Proof => ({ fault });
export const byPoint = (point: string): Proof => ({ point });
export const byScenario = (scenario: string): Proof => ({ scenario });
export const byTest = (test: string, name: string): Proof => ({ test, name });
