import { expect, test } from 'vitest';
import { originalSubject } from './dead-letters/publish-dead-letter.ts';
import { coversFilter } from './topology.ts';

test.each([
  [['user.v1.email_verified.*'], 'user.v1.email_verified.*', true],
  [['user.v1.>'], 'user.v1.email_verified.*', true],
  [['>'], 'user.v1.email_verified.*', true],
  [['user.v1.*.*'], 'user.v1.email_verified.*', true],
  [['user.v1.registered.*', 'user.v1.email_verified.*'], 'user.v1.email_verified.*', true],
  [['user.v1.email_verified.42'], 'user.v1.email_verified.*', false],
  [['user.v1.*'], 'user.v1.email_verified.*', false],
  [['user.v1.email_verified.*'], 'user.v1.>', false],
  [[], 'user.v1.email_verified.*', false],
])('filters %j cover %s: %s', (filters, wanted, covered) => {
  expect(coversFilter(filters, wanted)).toBe(covered);
});

test('a replayed message names its original subject again, for its own durable only', () => {
  expect(originalSubject('user.retry.email-user-events.user.v1.email_verified.42', 'email-user-events')).toBe(
    'user.v1.email_verified.42',
  );
  expect(originalSubject('user.v1.email_verified.42', 'email-user-events')).toBe('user.v1.email_verified.42');
  expect(originalSubject('user.retry.other.user.v1.email_verified.42', 'email-user-events')).toBe(
    'user.retry.other.user.v1.email_verified.42',
  );
});
