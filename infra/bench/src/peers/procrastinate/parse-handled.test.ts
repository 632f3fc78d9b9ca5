import { expect, test } from 'vitest';
import { parseHandled } from './parse-handled.ts';

test('a line tells which event was handled, and when in milliseconds', () =>
  expect(parseHandled('17 3153600012345678')).toEqual({ index: 17, at: 3_153_600_012.345678 }));

test.each(['', '17', '17 -1', 'Traceback (most recent call last):'])('%j is refused and told', (line) =>
  expect(() => parseHandled(line)).toThrow(`The consumer in Python wrote "${line}".`),
);
