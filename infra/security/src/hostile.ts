import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';

const texts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\uffff',
  '\u202eevil',
  '\u200b@example.com',
  'ada@example.com\r\nBcc: eve@example.com',
  'ada@example.com,eve@example.com',
  '"ada eve"@example.com',
  '<ada@example.com>',
  'ada@exämple.com',
  'ｂｏｂ@example.com',
  `${'a'.repeat(300)}@example.com`,
  `ada@${'a.'.repeat(200)}com`,
  "' or 1=1 --",
  '"; drop table "user"; --',
  '${jndi:ldap://x}',
  '{{7*7}}',
  '../../../etc/passwd',
  '%00%0d%0a',
  '\u001b[2J\u009b31m',
  'NaN',
  '1e400',
  '9'.repeat(400),
  'a'.repeat(5_000),
  '😀'.repeat(300),
  '\u0301'.repeat(300),
  'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
];

export function hostileTexts(): Arbitrary<string> {
  return fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'binary', maxLength: 100 }));
}

/** Bodies that are of no schema, and some that are no JSON or no text at all. */
export function hostileBodies(): Arbitrary<string | Buffer | undefined> {
  const raw = [
    '{',
    '[]',
    'null',
    '0',
    '"x"',
    '{"a":1,"a":2}',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"email":{"$ne":null},"password":{"$gt":""}}',
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    `{"email":"ada@example.com","password":"${'x'.repeat(60_000)}"}`,
    `{"a":"${'x'.repeat(80_000)}"}`,
    '1e999999',
    '\ufeff{}',
    '{"email":"\\ud800"}',
    '{"email":"a\\u0000"}',
    'email=ada%40example.com',
  ];
  return fc.oneof(
    fc.constantFrom(...raw),
    fc.json(),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(undefined),
  );
}

export function hostileHeaders(type: string): Arbitrary<Record<string, string>> {
  const contentType = fc.constantFrom(
    type,
    'application/json',
    'application/json; charset=utf-7',
    'application/JSON',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/merge-patch+json',
    'application/json, text/plain',
    ';',
    'x'.repeat(500),
  );
  const text = fc.oneof(latin, fc.constantFrom('', 'x'.repeat(4_000), 'null', '*', '-1', '"', '\\'));
  const header = fc.record(
    {
      authorization: fc.oneof(
        text,
        text.map((token) => `Bearer ${token}`),
        fc.constantFrom('Bearer', 'Bearer ', 'Bearer a b', 'Basic eDp5', 'bearer eyJhbGciOiJub25lIn0.e30.'),
      ),
      cookie: fc.oneof(
        text,
        text.map((value) => `__Host-postrider-access=${value}; __Host-postrider-refresh=${value}`),
      ),
      'if-match': text,
      'idempotency-key': text,
      'x-forwarded-for': fc.oneof(text, fc.ipV4(), fc.ipV6()),
      forwarded: text,
      'x-forwarded-method': text,
      'x-original-method': text,
      'x-forwarded-uri': text,
      'remote-user': text,
      traceparent: text,
      'user-agent': text,
      'accept-encoding': text,
      origin: text,
      'sec-fetch-site': text,
      range: text,
    },
    { requiredKeys: [] },
  );
  return fc.tuple(contentType, header).map(([value, others]) => ({ 'content-type': value, ...others }));
}

/** What a header may hold: no control characters, one byte a character. */
const latin = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0xa0, max: 0xff })), { maxLength: 80 })
  .map((codes) => String.fromCharCode(...codes).trim());

export function hostilePaths(path: string): Arbitrary<string> {
  const segment = fc.oneof(
    fc.constantFrom(
      '%00',
      '%zz',
      '%',
      '%2f..%2f',
      '..',
      '%c0%ae%c0%ae',
      'a'.repeat(300),
      '00000000-0000-0000-0000-000000000000',
      '%F0%9F%98%80',
      ';x=1',
      '__proto__',
      '-1',
    ),
    fc.string({ maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  );
  const suffix = fc.constantFrom(
    '',
    '',
    '',
    '/',
    '//',
    '/x',
    '?',
    '?a=1&a=2',
    '?limit=-1',
    '?limit=1e9',
    '?cursor=%00',
    '?__proto__[x]=1',
    '#x',
  );
  return fc.tuple(segment, suffix).map(([value, end]) => path.replaceAll(/\{\w+\}/g, value) + end);
}
