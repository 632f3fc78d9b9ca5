/** A step of the journey that did not happen: what should have, what did instead, and where the reason stands. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
  readonly step: string;
  readonly expected: string;
  readonly came: string;
  readonly look: readonly string[];

  constructor(details: { step: string; expected: string; came: string; look: readonly string[] }) {
    super(`${details.step}: expected ${details.expected}; came ${details.came}.`);
    this.step = details.step;
    this.expected = details.expected;
    this.came = details.came;
    this.look = details.look;
  }
}
