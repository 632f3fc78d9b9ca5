import { expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

test.each([
  '{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}],"d":"a\\"b:{","e":"\\u0061"}',
  '["a","a","a : b"]',
  '"x"',
  '{"a" :"a", "b":"a"}',
  '{"constructor":{"prototype":1}}',
  '{"emoji":"\\ud83d\\ude00 😀"}',
])('what is unambiguous is what JSON.parse reads (%#)', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test.each([
  ['a name twice', '{"email":"a","x":{},"email":"b"}'],
  ['a name twice, spelled differently', '{"email":1,"\\u0065mail":2}'],
  ['a name twice in the depth', '[{"a":[{"b":1 , "b" : 2}]}]'],
  ['__proto__', '{"__proto__":{"isAdmin":true}}'],
  ['__proto__ in escapes', '{"a":{"__pr\\u006fto__":1}}'],
  ['half a surrogate pair', '{"a":"\\ud83d"}'],
  ['NUL', '{"a":"b\\u0000c"}'],
  ['a great depth', `${'['.repeat(30_000)}${']'.repeat(30_000)}`],
  ['no JSON', '{"a":'],
  ['nothing', ''],
])('%s is refused, without being repeated', (_what, text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid_request', refusal: 'invalid' }));
});

test('bytes that are not UTF-8 are refused', () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not UTF-8');
});
