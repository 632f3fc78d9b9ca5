import { expect, test } from 'vitest';
import { createBell } from './bell.ts';

const never = new AbortController().signal;
const anHourMs = 3_600_000;

test('a ring wakes who waits', async () => {
  const bell = createBell();
  const woken = bell.wait(anHourMs, never);
  bell.ring();
  await expect(woken).resolves.toBeUndefined();
});

test('a ring while nobody waits is remembered once', async () => {
  const bell = createBell();
  bell.ring();
  bell.ring();
  await bell.wait(anHourMs, never);
  const stop = new AbortController();
  const second = bell.wait(anHourMs, stop.signal).then(() => 'woken');
  expect(await Promise.race([second, Promise.resolve('asleep')])).toBe('asleep');
  stop.abort();
  expect(await second).toBe('woken');
});

test('without a ring the wait ends by itself', async () => {
  await expect(createBell().wait(1, never)).resolves.toBeUndefined();
});
