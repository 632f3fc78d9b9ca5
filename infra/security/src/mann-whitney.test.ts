import { expect, test } from 'vitest';
import { mannWhitney } from './mann-whitney.ts';

const range = (length: number, from: number): number[] => Array.from({ length }, (_, n) => from + n);

test('samples of one distribution are not told apart, shifted ones are', () => {
  expect(mannWhitney(range(100, 0), range(100, 0))).toBeGreaterThan(0.9);
  expect(mannWhitney(range(100, 0), range(100, 50))).toBeLessThan(1e-6);
  expect(mannWhitney([1, 1, 1], [1, 1, 1])).toBe(1);
});

test('the figures are those of SciPy’s mannwhitneyu(method="asymptotic")', () => {
  expect(mannWhitney(range(20, 0), range(20, 5))).toBeCloseTo(0.018522, 5);
  expect(mannWhitney([1, 2, 2, 3, 4, 4, 5, 6], [2, 3, 4, 5, 5, 6, 7, 8])).toBeCloseTo(0.123871, 5);
});
