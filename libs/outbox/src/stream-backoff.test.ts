import { expect, test } from 'vitest';
import { createStreamBackoff } from './stream-backoff.ts';

test('a stream that fails waits longer each time, up to a second, and others do not', () => {
  let now = 0;
  const backoff = createStreamBackoff(() => now);
  const waits: (number | undefined)[] = [];
  for (let i = 0; i < 7; i++) {
    backoff.failed('FULL');
    waits.push(backoff.nextMs());
    now += 2_000;
  }
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  backoff.failed('FULL');
  backoff.failed('OTHER');
  expect(backoff.waiting()).toEqual(['FULL', 'OTHER']);
  expect(backoff.nextMs()).toBe(50);
  backoff.took('OTHER');
  expect(backoff.waiting()).toEqual(['FULL']);
  now += 1_000;
  expect(backoff.waiting()).toEqual([]);
  expect(backoff.nextMs()).toBeUndefined();
});
