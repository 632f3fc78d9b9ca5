import { expect, test } from 'vitest';
import { distribution, median } from './statistics.ts';

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

test('the median of nothing is not a number', () => expect(median([])).toBeNaN());

test('a distribution tells its percentiles and its worst, whatever the order', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(distribution(values)).toEqual({ n: 200, p50: 101, p95: 191, p99: 199, max: 200 });
});
