import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { StepFailure } from './step-failure.ts';
import { createTimeline } from './timeline.ts';

function timelineAt(clock: { nowMs: number }) {
  const printed: string[] = [];
  const timeline = createTimeline(
    (line) => printed.push(stripVTControlCharacters(line)),
    () => clock.nowMs,
  );
  return { timeline, printed };
}

test('a step tells the time since the start and since the step before, and its facts beside the rail', () => {
  const clock = { nowMs: 500 };
  const { timeline, printed } = timelineAt(clock);
  clock.nowMs = 1_000;
  timeline.chapter('Ada confirms by link', [['trace', 'abc']]);
  clock.nowMs = 1_041.6;
  timeline.step('Registered', [['flow', 'f1']]);
  clock.nowMs = 1_050;
  timeline.step('Event', []);
  expect(printed).toEqual([
    '',
    '  Ada confirms by link',
    '  trace    abc',
    '',
    '    42 ms     +42 ms  ●  Registered',
    '                      │  flow     f1',
    '    50 ms      +8 ms  ●  Event',
  ]);
  expect(timeline.total()).toEqual({ steps: 2, elapsedMs: 50 });
});

test('a failure names the step, what was expected, what came and where to look, in 80 columns', () => {
  const clock = { nowMs: 0 };
  const { timeline, printed } = timelineAt(clock);
  clock.nowMs = 15_000;
  timeline.failure(
    new StepFailure({
      step: 'Verification mail',
      expected: 'a mail to ada@example.com in the mailbox within 15 seconds, with a link and a code in it',
      came: 'nothing',
      look: ['.data/logs/email.log', 'http://127.0.0.1:8025/view/a-very-long-address-that-stays-whole-to-be-copied'],
    }),
  );
  expect(printed[0]).toBe('   15.0 s    +15.0 s  ✗  Verification mail');
  expect(printed.join('\n')).toMatch(
    /expected a mail to ada@example\.com[\s\S]*came {5}nothing[\s\S]*look {5}\.data\/logs/,
  );
  expect(printed.at(-1)).toContain('a-very-long-address-that-stays-whole-to-be-copied');
  expect(printed.slice(0, -1).every((line) => line.length <= 80)).toBe(true);
});
