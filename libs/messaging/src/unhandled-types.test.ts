import { expect, test } from 'vitest';
import { createUnhandledTypes, unhandledRetryPolicy } from './unhandled-types.ts';

test('types left to a newer build are named while they keep coming', () => {
  let now = 0;
  const types = createUnhandledTypes(unhandledRetryPolicy, () => now);
  expect(types.describe()).toBeUndefined();
  types.note('user.renamed.v2');
  types.note('user.moved.v1');
  expect(types.describe()).toBe('left to a newer build: user.moved.v1, user.renamed.v2');
  now = 11 * 60_000;
  types.note('user.moved.v1');
  expect(types.describe()).toBe('left to a newer build: user.moved.v1');
});

test('one process hands a message back for about an hour', () => {
  const { attempts, firstDelayMs, longestDelayMs } = unhandledRetryPolicy;
  let totalMs = 0;
  // Full jitter waits half of the most on average.
  for (let n = 1; n < attempts; n++) totalMs += Math.min(longestDelayMs, firstDelayMs * 2 ** (n - 1)) / 2;
  expect(totalMs / 60_000).toBeGreaterThan(45);
  expect(totalMs / 60_000).toBeLessThan(75);
});
