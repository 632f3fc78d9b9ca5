import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createPasswordPolicy } from './password-policy.ts';

const email = 'ada.lovelace@engines.example.com';
const policyFor = (minLength: number) => createPasswordPolicy({ minLength, productWords: ['postrider'] });
const policy = policyFor(15);
const refusal = (detail: RegExp) =>
  expect.objectContaining({ code: 'password_policy', message: expect.stringMatching(detail) });

/** So many different characters of a block of Unicode. */
const varied = (length: number, from: number): string =>
  Array.from({ length }, (_, n) => String.fromCodePoint(from + ((n * n * n) % 251))).join('');

test.each([14, 257])('a password of %i characters is refused', (length) => {
  expect(() => policy.refuseWeak(varied(length, 0x61), email)).toThrow(refusal(/15 to 256 characters/));
});

test.each([
  ['letters', 0x61],
  ['emoji', 0x1_f400],
])('15 to 256 characters are taken, counted as code points: %s', (_what, from) => {
  for (const length of [15, 256]) expect(() => policy.refuseWeak(varied(length, from), email)).not.toThrow();
});

test('counted after NFC: what two code points compose to is one character', () => {
  const composed = 'a\u0308o\u0308u\u0308';
  expect(() => policy.refuseWeak(`${composed}quick brow`, email)).toThrow(refusal(/15 to 256/)); // 13, from 16 code points
  expect(() => policy.refuseWeak(`${composed}quick brown `, email)).not.toThrow();
});

test('nothing is trimmed: spaces count', () => {
  expect(() => policy.refuseWeak('  quick brown  ', email)).not.toThrow();
});

test.each(['passwordstandard', '1qaz2wsx3edc4rfv', 'PolniyPizdec0211', 'polniypizdec0211', 'QWERTY123456789'])(
  'what many people use is refused, in whatever case: %s',
  (password) => {
    expect(() => policy.refuseWeak(password, email)).toThrow(refusal(/many people/));
  },
);

test('with a shorter minimum the shorter common ones are refused as well', () => {
  expect(() => policyFor(8).refuseWeak('trustno1', email)).toThrow(refusal(/many people/));
  expect(() => policyFor(8).refuseWeak('xk7#qLw9', email)).not.toThrow();
});

test.each(['zzzzzzzzzzzzzzzzz', 'xyzw#xyzw#xyzw#x', 'my own secret!my own secret!', '😀🙈😀🙈😀🙈😀🙈😀🙈😀🙈😀🙈😀'])(
  'a repetition is refused: %s',
  (password) => {
    expect(() => policy.refuseWeak(password, email)).toThrow(refusal(/repeats itself/));
  },
);

test.each(['98765432109876', 'klmnopqrstuvwxyz{', 'ЯЮЭЬЫЪЩШЧЦХФУТСР'])('a run is refused: %s', (password) => {
  expect(() => policyFor(14).refuseWeak(password, email)).toThrow(refusal(/run of neighbouring/));
});

test.each([
  'ada.lovelace@engines.example.com',
  'Lovelace-Engines-2026',
  'lovelacelovelace1842',
  'Postrider2026!!',
  'my-POSTRIDER-ada',
])('what is made of the address or of the product’s name is refused: %s', (password) => {
  expect(() => policy.refuseWeak(password, email)).toThrow(refusal(/your address or of our name/));
});

test.each(['lovelace walks the hills at dawn', 'correct horse battery staple', 'a postrider is a kind of messenger'])(
  'a good one may hold such a word: %s',
  (password) => {
    expect(() => policy.refuseWeak(password, email)).not.toThrow();
  },
);

test('the list is what its README says', () => {
  const folder = join(import.meta.dirname, 'common-passwords');
  const list = gunzipSync(readFileSync(join(folder, 'common-passwords.txt.gz')))
    .toString('utf8')
    .split('\n');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`${list.length.toLocaleString('en')} passwords`);
  expect(list.every((password) => Array.from(password).length >= 8 && password === password.toLowerCase())).toBe(true);
  expect(new Set(list).size).toBe(list.length);
});
