import type { EventFacts, Facts, MailFacts } from '../facts.ts';

export interface Verdict {
  /**
   * `done`: it went well. `waiting`: goes on by itself. `ended`: will not go on, as it should be. `stuck`: somebody must act.
   * `unknown`: who could tell can't be asked. `none`: no mail comes of this event.
   */
  readonly kind: 'done' | 'waiting' | 'ended' | 'stuck' | 'unknown' | 'none';
  readonly sentence: string;
}

/** What is the same for all events. */
export type World = Pick<Facts, 'health' | 'unanswered' | 'now' | 'mailServer'>;

export interface Case {
  readonly event: EventFacts;
  /** The newest that the event caused. */
  readonly mail: MailFacts | undefined;
  readonly world: World;
}

/** Undefined: it does not fit, and the next rule is asked. */
export type Rule = (known: Case) => Verdict | undefined;

export function verdict(kind: Verdict['kind'], ...sentences: readonly string[]): Verdict {
  return { kind, sentence: sentences.filter((sentence) => sentence !== '').join(' ') };
}

export function clock(at: Date): string {
  return `${at.toISOString().slice(11, 19)} UTC`;
}

/** Somebody else's words, as a sentence. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
