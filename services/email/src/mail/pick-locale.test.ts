import { expect, test } from 'vitest';
import { pickLocale } from './pick-locale.ts';

test.each([
  ['en', 'en'],
  ['de', 'de'],
  ['de-AT', 'de'],
  ['de-Latn-CH', 'de'],
  ['DE', 'de'],
  ['en-GB', 'en'],
  ['pt-BR', 'en'],
  ['zh-Hant-TW', 'en'],
  ['', 'en'],
  ['dexter', 'en'],
])('a reader of "%s" is written to in "%s"', (requested, expected) => {
  expect(pickLocale(requested)).toBe(expected);
});
