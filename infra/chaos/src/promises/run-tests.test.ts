import { expect, test } from 'vitest';
import { patternOf } from './run-tests.ts';

test('a name stands for itself, and one with a place in it for all that were made of it', () => {
  expect(patternOf('it is so. (really?)').test('it is so. (really?)')).toBe(true);
  expect(patternOf('it is so.').test('it is so!')).toBe(false);
  expect(patternOf('a message with %s dies').test('a message with no JSON dies')).toBe(true);
  expect(patternOf('a message with %s dies').test('a message with no JSON lives')).toBe(false);
});
