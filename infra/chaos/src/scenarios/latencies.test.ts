import { expect, test } from 'vitest';
import { between, curveOf, percentile, summarise } from './latencies.ts';

const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

test('of a hundred values 99 do not exceed the 99th percentile, and 50 not the median', () => {
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.99)).toBeNaN();
});

test('a summary is in tenths of milliseconds, whatever the order', () => {
  expect(summarise([{ ms: 3.14 }, { ms: 1 }, { ms: 2 }])).toEqual({ count: 3, p50: 2, p99: 3.1, worst: 3.1 });
});

test('a curve has a point for each bucket that something ended in', () => {
  const latencies = [
    { at: 0.5, ms: 1 },
    { at: 1.5, ms: 3 },
    { at: 11, ms: 5 },
  ];
  expect(curveOf(latencies, 5)).toEqual([
    { at: 0, count: 2, p50: 1, p99: 3 },
    { at: 10, count: 1, p50: 5, p99: 5 },
  ]);
  expect(between(latencies, 1, 11)).toEqual([{ at: 1.5, ms: 3 }]);
});
