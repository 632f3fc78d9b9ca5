import { expect, test } from 'vitest';
import { canonicalAddress, emailAddress, maskAddress } from './email-address.ts';

test.each([
  ['Ada@Example.COM', 'ada@example.com'],
  ['  ada@example.com\t', 'ada@example.com'],
  ['ada+tag@sub.example.com', 'ada+tag@sub.example.com'],
  ["o'brien@example.com", "o'brien@example.com"],
  ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
])('%s becomes %s', (given, canonical) => {
  expect(canonicalAddress(given)).toBe(canonical);
  expect(canonicalAddress(canonical)).toBe(canonical);
});

test.each([
  '',
  'ada',
  '@example.com',
  'ada@',
  'ada@example',
  'ada@127.0.0.1',
  'ada@[127.0.0.1]',
  'ada@example.com,eve@example.com',
  'ada@example.com>\r\nRCPT TO:<eve@example.com',
  'ada@example.com\n',
  'ada\0@example.com',
  '"ada lovelace"@example.com',
  '<ada>@example.com',
  'Ada <ada@example.com>',
  'ada(comment)@example.com',
  'group:ada@example.com;',
  '.ada@example.com',
  'ada.@example.com',
  'a..da@example.com',
  'ada@-example.com',
  'ada@exam\u200bple.com',
  'ad\u200ba@example.com',
  'ａda@example.com',
  'аda@example.com',
  '\u212Ada@example.com',
  'ada@example.com/foo',
  'ada@example.com?x',
  'ada@example.com#x',
  'ada@example.com\\x',
  'ada@example.com:25',
  'ada@exam%70le.com',
  `${'a'.repeat(65)}@example.com`,
  `ada@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.com`,
])('%j is refused', (given) => {
  expect(canonicalAddress(given)).toBeUndefined();
  expect(emailAddress.safeParse(given).success).toBe(false);
});

test.each([[['ada@example.com']], [{ $ne: '' }], [42], [null]])('%j is no address', (given) => {
  expect(emailAddress.safeParse(given).success).toBe(false);
});

test('a masked address tells neither name nor domain', () => {
  expect(maskAddress('ada@example.com')).toBe('a***@e***.com');
});
