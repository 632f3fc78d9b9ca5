import { expect, test } from 'vitest';
import { withoutSecrets } from './without-secrets.ts';

test.each([
  ['postgres://ada:secret@db:5432/user?sslmode=verify-full', 'postgres://ada:***@db:5432/user?sslmode=verify-full'],
  ['postgres://db/user?user=ada&password=secret', 'postgres://db/user?user=ada&password=***'],
  ['postgres://ada@db/user', 'postgres://ada@db/user'],
  ['nats://operator:se%63ret@one:4222, nats://two:4222', 'nats://operator:***@one:4222,nats://two:4222'],
  ['nats://secret@one:4222', 'nats://***@one:4222'],
  ['not a URL: secret', '***'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});
