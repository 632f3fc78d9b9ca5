import { expect, test } from 'vitest';
import { axisTop, formatValue } from './units.ts';

test('an axis ends at a round number that holds the highest value', () => {
  expect([0.013, 0.8, 7, 10, 11, 350].map((highest) => axisTop('s', highest))).toEqual([0.02, 0.8, 8, 10, 20, 400]);
  expect(axisTop('bytes', 150 * 2 ** 20)).toBe(200 * 2 ** 20);
});

test('an axis of nothing but zeros still has a length', () => {
  expect([axisTop('percentunit', 0), axisTop('short', 0)]).toEqual([0.01, 1]);
});

test('values are told in units that people read', () => {
  expect([
    formatValue('s', 0.0125),
    formatValue('s', 2.5),
    formatValue('s', 0),
    formatValue('percentunit', 0.0025),
    formatValue('bytes', 150 * 2 ** 20),
    formatValue('reqps', 12),
    formatValue('short', 2),
  ]).toEqual(['12.5 ms', '2.5 s', '0 s', '0.25 %', '150 MiB', '12/s', '2']);
});
