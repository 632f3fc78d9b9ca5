import { expect, test } from 'vitest';
import { createPasswordHasher } from './password-hasher.ts';

test('the same password under the same salt gives the same text, another one does not', async () => {
  const passwords = createPasswordHasher();
  const stored = await passwords.hash('correct horse battery staple');
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.hash('correct horse battery staple', stored)).toBe(stored);
  expect(await passwords.hash('correct horse battery stapler', stored)).not.toBe(stored);
  expect(await passwords.hash('correct horse battery staple')).not.toBe(stored);
});

test('composed and decomposed characters are one password', async () => {
  const passwords = createPasswordHasher();
  const stored = await passwords.hash('pässword of some length');
  expect(await passwords.hash('pa\u0308ssword of some length', stored)).toBe(stored);
});

test('beyond its queue the pool refuses at once, and works on', async () => {
  const passwords = createPasswordHasher({ atOnce: 1, mostWaiting: 1 });
  const [first, second] = [passwords.hash('one'), passwords.hash('two')];
  await expect(passwords.hash('three')).rejects.toMatchObject({ code: 'busy', refusal: 'unavailable' });
  await Promise.all([first, second]);
  await passwords.hash('four');
});

test('a stored hash is compared with the parameters it was made with, and known to be outdated once they are others', async () => {
  const former = createPasswordHasher({ parameters: { memoryCost: 8_192, timeCost: 1, parallelism: 1 } });
  const passwords = createPasswordHasher();
  const stored = await former.hash('correct horse battery staple');
  expect(await passwords.hash('correct horse battery staple', stored)).toBe(stored);
  expect(passwords.isOutdated(stored)).toBe(true);
  expect(passwords.isOutdated(await passwords.hash('correct horse battery staple'))).toBe(false);
});

test('of ten thousand at once as many are hashed as there are places, and the others are refused at once', async () => {
  const passwords = createPasswordHasher({ atOnce: 2, mostWaiting: 20 });
  const all = await Promise.allSettled(Array.from({ length: 10_000 }, (_, n) => passwords.hash(`password ${n}`)));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(22);
  const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(new Set(refused.map(({ code, retryAfterSeconds }) => `${code} ${retryAfterSeconds}`))).toEqual(
    new Set(['busy 2']),
  );
});
