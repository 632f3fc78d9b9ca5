import { expect, test } from 'vitest';
import { restartDelayMs } from './backoff.ts';

test('the first restart is almost at once, later ones wait longer, none more than three seconds', () => {
  expect([0, 1, 2, 3, 4, 5, 50].map(restartDelayMs)).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000]);
});
