import type { MemberKind } from '../fleet/member.ts';
import type { Bench } from './bench.ts';

/** A place between two steps, at which a process is killed on purpose. */
export interface KillPoint {
  readonly name: string;
  /** Whom it kills. */
  readonly kills: MemberKind;
  /** Which steps it lies between. */
  readonly between: string;
  /** How many mails the person has in the end, copies included. */
  readonly mails: number;
  /** How many of them are second copies. */
  readonly extraCopies: number;
  /** Brings one person's mail or registration to this place, and kills whoever has it in hand. */
  reach(bench: Bench, email: string): Promise<void>;
}
