import { expect, test } from 'vitest';
import { nextLookMs } from './schedule.ts';

test('after a release it looks at once, since who was due hid who is next; else when the first one is due', () => {
  expect(nextLookMs([-20, 8_000], 1)).toBe(0);
  expect(nextLookMs([900, 8_000], 0)).toBe(900);
  expect(nextLookMs([-20, 8_000], 0)).toBe(8_000); // Another replica has what was due.
  expect(nextLookMs([], 0)).toBe(Infinity);
});
