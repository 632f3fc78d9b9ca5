import type { Fleet } from '../fleet/start-fleet.ts';
import type { Chance } from '../random.ts';

/** The rows of the table of faults. */
export type Part =
  | 'user service'
  | 'relay'
  | 'database'
  | 'NATS'
  | 'consumer'
  | 'SMTP'
  | 'email service'
  | 'everything';

/** Something that breaks, and what is promised all the same. */
export interface Fault {
  /** As `--only` names it. */
  readonly name: string;
  readonly part: Part;
  readonly promise: string;
  /** Kills are many and quick, and happen one after the other; what lasts happens beside them. */
  readonly kind: 'kill' | 'lasting';
  /** How often it is chosen, against the others of its kind. */
  readonly weight: number;
  /** Where it would keep the run from ending in time, or has nothing to break. */
  readonly isPossible?: (scene: Scene) => boolean;
  /**
   * Breaks, waits for as long as it lasts, and heals; heals at once when the scene's signal aborts.
   *
   * @returns false when there was nothing to break just then
   */
  inject(scene: Scene): Promise<boolean>;
}

/** Where faults are injected. */
export interface Scene {
  readonly fleet: Fleet;
  readonly chance: Chance;
  /** Aborts when the run is over: heal and return. */
  readonly signal: AbortSignal;
  /** How much of the run is over, 0 to 1. */
  readonly progress: () => number;
  /** Whether times are short, so that nothing with a long delay of the product's own may begin. */
  readonly isQuick: boolean;
  /** Accounts whose messages were purged on purpose, by stream. */
  readonly erased: Record<string, Set<string>>;
  /** Whether the relay keeps watermarks, and so notices what a stream lost. */
  readonly hasWatermarks: boolean;
  /** Waits so long (a part of it in a short run), or until the run is over. */
  lasts(lowMs: number, highMs: number): Promise<void>;
}
