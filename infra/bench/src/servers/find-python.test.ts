import { expect, test } from 'vitest';
import { environmentFolder } from './find-python.ts';

test('other requirements have an environment of their own, the same have the same', () => {
  const first = environmentFolder('/cache', 'procrastinate==3.10.0\n');
  expect(first).toMatch(/^\/cache\/procrastinate\/[0-9a-f]{12}$/);
  expect(environmentFolder('/cache', 'procrastinate==3.10.0\n')).toBe(first);
  expect(environmentFolder('/cache', 'procrastinate==3.10.1\n')).not.toBe(first);
});
