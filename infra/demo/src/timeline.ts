import { styleText } from 'node:util';
import type { StepFailure } from './step-failure.ts';

/** What is told about a step: a name and a value each, one line. */
export type Facts = readonly (readonly [name: string, value: string])[];

/** Tells a journey as it happens: 80 columns, one mark a step, with the time since the start and since the step before. */
export interface Timeline {
  /** What follows is this person's way. */
  chapter(title: string, facts: Facts): void;
  /** Something happened just now. */
  step(title: string, facts: Facts): void;
  failure(failure: StepFailure): void;
  /** The steps told so far, and how long they took together. */
  total(): { readonly steps: number; readonly elapsedMs: number };
}

const nameWidth = 9;
const gutter = ' '.repeat(22);
/** What is left of 80 columns beside the gutter, the rail and the name. */
const valueWidth = 80 - gutter.length - 3 - nameWidth;

/** @param nowMs a clock that only goes forward; its zero doesn't matter */
export function createTimeline(print: (line: string) => void, nowMs: () => number): Timeline {
  let [startedAt, before] = [nowMs(), nowMs()];
  let steps = 0;
  const rail = styleText('dim', '│');
  const stamp = (): string => {
    const now = nowMs();
    const stamped = `${ms(now - startedAt).padStart(9)}  ${styleText('dim', `+${ms(now - before)}`.padStart(9))}  `;
    before = now;
    return stamped;
  };
  return {
    chapter(title, facts) {
      if (steps === 0) startedAt = nowMs();
      before = nowMs();
      print('');
      print(`  ${styleText('bold', title)}`);
      for (const [name, value] of facts) print(`  ${styleText('dim', name.padEnd(nameWidth))}${value}`);
      print('');
    },
    step(title, facts) {
      steps += 1;
      print(`${stamp()}${styleText('green', '●')}  ${title}`);
      for (const line of facts.flatMap(lines)) print(`${gutter}${rail}  ${line}`);
    },
    failure({ step, expected, came, look }) {
      print(`${stamp()}${styleText('red', '✗')}  ${styleText('bold', step)}`);
      const told = [
        ['expected', expected] as const,
        ['came', came] as const,
        ...look.map((hint) => ['look', hint] as const),
      ];
      for (const line of told.flatMap(lines)) print(`${gutter}   ${line}`);
    },
    total: () => ({ steps, elapsedMs: before - startedAt }),
  };
}

function lines([name, value]: Facts[number]): string[] {
  return wrap(value, valueWidth).map(
    (line, index) => `${styleText('dim', (index === 0 ? name : '').padEnd(nameWidth))}${line}`,
  );
}

/** Breaks between words; a word that is longer than a line (an address to open) stays whole, so that it can be copied. */
function wrap(text: string, width: number): string[] {
  const wrapped: string[] = [];
  for (const word of text.split(' ')) {
    const last = wrapped.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) wrapped[wrapped.length - 1] = `${last} ${word}`;
    else wrapped.push(word);
  }
  return wrapped;
}

function ms(duration: number): string {
  return duration < 10_000 ? `${Math.round(duration)} ms` : `${(duration / 1_000).toFixed(1)} s`;
}
