import { emailVerified, userRegistered } from '@postrider/contracts';
import { expect, test } from 'vitest';
import { on, PermanentError, RetryLaterError, UnavailableError } from '../handler.ts';
import { aMessage, anEvent, testHandlers } from './index.ts';

const throwing = (error: unknown) =>
  testHandlers([
    on(emailVerified, async () => {
      throw error;
    }),
  ]);

test('a handler that returns acknowledges, and sees the event as it would in production', async () => {
  const seen: unknown[] = [];
  const { feed } = testHandlers([on(emailVerified, async (event) => void seen.push(event.data.email, event.id))]);
  const event = anEvent(emailVerified, { ...emailVerified.sample, email: 'bob@example.com' });
  expect(await feed(event)).toEqual({ verdict: 'acknowledged' });
  expect(seen).toEqual(['bob@example.com', event.id]);
});

test('the same message fed again is the same event, one delivery later', async () => {
  const seen: unknown[] = [];
  const { feed } = testHandlers([on(emailVerified, async ({ id }, { attempt }) => void seen.push([id, attempt]))]);
  const event = anEvent(emailVerified);
  await feed(event);
  expect(await feed(event)).toEqual({ verdict: 'acknowledged' });
  expect(seen).toEqual([
    [event.id, 1],
    [event.id, 2],
  ]);
});

test('a bug is retried with growing delays, and is a dead letter after five failures', async () => {
  const outcomes = await throwing(new TypeError('no such template')).feedUntilSettled(anEvent(emailVerified));
  expect(outcomes.slice(0, -1).map((outcome) => 'afterMs' in outcome && outcome.afterMs)).toEqual([
    1_000, 2_000, 4_000, 8_000,
  ]);
  expect(outcomes.at(-1)).toEqual({
    verdict: 'dead letter',
    reason: 'after 5 deliveries: TypeError: no such template',
  });
});

test.each([
  [new PermanentError('no such person'), { verdict: 'dead letter', reason: 'PermanentError: no such person' }],
  [new RetryLaterError('at night', 60_000), { verdict: 'retried', afterMs: 60_000 }],
  [new UnavailableError('crm', 'no answer'), { verdict: 'held', waitsFor: 'crm' }],
])('what a handler throws decides: %s', async (error, outcome) => {
  expect(await throwing(error).feed(anEvent(emailVerified))).toMatchObject(outcome);
});

test('what breaks its contract, and what is no event, is a dead letter; a type without a handler is left to a newer build', async () => {
  const { feed } = testHandlers([on(emailVerified, async () => undefined)]);
  const { subject, headers = new Map() } = anEvent(emailVerified);
  const told = Object.fromEntries([...headers].map(([name, [value = '']]) => [name, value]));
  expect(await feed(aMessage({ subject, headers: told, body: '{"email":42}' }))).toMatchObject({
    verdict: 'dead letter',
    reason: expect.stringContaining('userId'),
  });
  expect(await feed(aMessage({ subject, body: '{}' }))).toMatchObject({ verdict: 'dead letter' });
  expect(await feed(anEvent(userRegistered))).toMatchObject({ verdict: 'retried', afterMs: 30_000 });
});
