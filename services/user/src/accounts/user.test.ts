import { expect, test } from 'vitest';
import { User } from './user.ts';

const registration = {
  id: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
  email: 'ada@example.com',
  locale: 'en',
  passwordHash: 'first',
  at: new Date('2026-01-01'),
};
const registered = () => User.register(registration).user;

test('registering says so, with what was given and nothing else', () => {
  const { user, events } = User.register(registration);
  expect(user.isEmailVerified).toBe(false);
  expect(events.map(({ type, payload }) => ({ type, payload }))).toEqual([
    {
      type: 'user.registered.v1',
      payload: { userId: registration.id, email: 'ada@example.com', locale: 'en', source: 'self' },
    },
  ]);
});

test('the address is verified once', () => {
  const user = registered();
  expect(user.verifyEmail('ada@example.com', 'link').map(({ type }) => type)).toEqual(['user.email_verified.v1']);
  expect(user.isEmailVerified).toBe(true);
  expect(user.verifyEmail('ada@example.com', 'code')).toEqual([]);
});

test('a proof of another address proves nothing', () => {
  const user = registered();
  expect(user.verifyEmail('eve@example.com', 'link')).toEqual([]);
  expect(user.isEmailVerified).toBe(false);
});

test('one password submitted twice stays', () => {
  const user = registered();
  user.submitPasswordAgain('first');
  user.verifyEmail('ada@example.com', 'link');
  expect(user.passwordHash).toBe('first');
});

test('of two passwords submitted before the proof, none opens the account', () => {
  const user = registered();
  user.submitPasswordAgain('second');
  user.verifyEmail('ada@example.com', 'link');
  expect(user.passwordHash).toBeNull();
});

test('after the proof a registration changes nothing', () => {
  const user = registered();
  user.verifyEmail('ada@example.com', 'link');
  user.submitPasswordAgain('second');
  expect(user.passwordHash).toBe('first');
  expect(user.isPasswordDisputed).toBe(false);
});

test('a challenge tells the email service what it needs, and ends with it', () => {
  const expiresAt = new Date('2026-01-02T00:00:00Z');
  const codeExpiresAt = new Date('2026-01-01T00:10:00Z');
  const [event] = registered().challengeEmail({
    id: '0192f1a0-7b00-7aaa-8bbb-123456789abc',
    expiresAt,
    codeExpiresAt,
    sealed: 'a.b.c.d.e',
  });
  expect(event).toMatchObject({
    stream: 'USER_CHALLENGES',
    subject: `challenge.v1.email_verification_issued.${registration.id}`,
    expiresAt: expiresAt.toISOString(),
  });
});
