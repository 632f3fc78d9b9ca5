import { ContractViolation } from '@postrider/contracts';
import { expect, test } from 'vitest';
import { PermanentError, RetryLaterError } from './handler.ts';
import { backoffMs, defaultRetryPolicy, judge } from './settlement.ts';

const always = (value: number) => () => value;

test('a bug is tried five times with growing delays, then buried with its reason', () => {
  const verdicts = [1, 2, 3, 4, 5].map((count) =>
    judge(new TypeError('no such thing'), { failures: count, count, max: 20 }, defaultRetryPolicy, always(0.5)),
  );
  expect(verdicts).toEqual([
    { action: 'retry', delayMs: 500 },
    { action: 'retry', delayMs: 1_000 },
    { action: 'retry', delayMs: 2_000 },
    { action: 'retry', delayMs: 4_000 },
    { action: 'bury', reason: 'after 5 deliveries: TypeError: no such thing' },
  ]);
});

test.each([new PermanentError('the template is broken'), new ContractViolation('no JSON')])(
  '%s is buried at once',
  (error) => {
    expect(judge(error, { failures: 1, count: 1, max: 20 }, defaultRetryPolicy)).toEqual({
      action: 'bury',
      reason: `${error.name}: ${error.message}`,
    });
  },
);

test('"later" spends no attempt of the policy, and takes the delay it asked for', () => {
  expect(
    judge(new RetryLaterError('greylisted', 300_000), { failures: 0, count: 12, max: 20 }, defaultRetryPolicy),
  ).toEqual({
    action: 'retry',
    delayMs: 300_000,
  });
});

test('a failure after many deliveries that were none of its own is its first', () => {
  expect(judge(new Error('x'), { failures: 1, count: 12, max: 20 }, defaultRetryPolicy, always(0.5))).toEqual({
    action: 'retry',
    delayMs: 500,
  });
});

test('the last delivery that the server will make always ends in the dead letters', () => {
  expect(
    judge(new RetryLaterError('greylisted', 1), { failures: 0, count: 20, max: 20 }, defaultRetryPolicy),
  ).toMatchObject({
    action: 'bury',
  });
  expect(judge(new Error('x'), { failures: 1, count: 3, max: 3 }, defaultRetryPolicy)).toMatchObject({
    action: 'bury',
  });
});

test('jitter is full and the delay is capped', () => {
  const policy = { firstDelayMs: 1_000, longestDelayMs: 30_000 };
  expect(backoffMs(1, policy, always(0))).toBe(0);
  expect(backoffMs(3, policy, always(0.999_999))).toBe(4_000);
  expect(backoffMs(40, policy, always(0.999_999))).toBe(30_000);
});
