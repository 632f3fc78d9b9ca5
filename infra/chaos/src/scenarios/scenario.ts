import type { FleetOptions } from '../fleet/start-fleet.ts';
import type { CurvePoint } from './latencies.ts';

export interface ScenarioOptions extends FleetOptions {
  /** How long what is measured lasts; the phases beside it are shorter with it. */
  readonly minutes: number | undefined;
  readonly onProgress: (text: string) => void;
  /** Aborts to end early; then nothing is reported. */
  readonly signal: AbortSignal;
}

/** One situation, measured: the same run holds what is normal and what is not. */
export interface Scenario {
  /** As `--scenario` names it. */
  readonly name: string;
  /** What is done, in a line of the usage. */
  readonly what: string;
  run(options: ScenarioOptions): Promise<ScenarioResult>;
}

export interface ScenarioResult {
  readonly title: string;
  readonly story: string;
  readonly figures: readonly (readonly [name: string, value: string | number])[];
  readonly checks: readonly Check[];
  readonly curve: readonly CurvePoint[];
  /** When things were not as usual, in seconds of the curve. */
  readonly phases: readonly Phase[];
}

/** A promise and what was found. */
export interface Check {
  readonly promise: string;
  readonly found: string;
  readonly holds: boolean;
}

export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A scenario whose numbers fit together: `holds` says it all. */
export function isHeld({ checks }: Pick<ScenarioResult, 'checks'>): boolean {
  return checks.every(({ holds }) => holds);
}
