import type { Places } from './places.ts';

/** One thing that operators ask or do: `npm run ops -- <name> …`. */
export interface Command {
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /**
   * @returns the exit code: 0 done or found, 1 not
   * @throws {UsageError} when it was asked for what it does not know
   */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

export interface Surroundings {
  /** Where the parts are. Read when a command needs it, so that a mistyped line is told before a missing stack. */
  readonly places: () => Promise<Places>;
  readonly print: (line: string) => void;
}

/** The command line makes no sense; the message says what of it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
