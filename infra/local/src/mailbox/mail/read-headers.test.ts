import { expect, test } from 'vitest';
import { readHeaders, valuesOf } from './read-headers.ts';

test('fields keep their order, folds become one space, names get the spelling of Mailpit', () => {
  const raw = Buffer.from(
    'message-ID: <a@b>\r\nSubject: one\r\n  two\r\n\tthree\r\nX-A: 1\r\nx-a:2\r\n\r\nBody: no\r\n',
  );
  expect(readHeaders(raw)).toEqual([
    { name: 'Message-Id', value: '<a@b>' },
    { name: 'Subject', value: 'one two three' },
    { name: 'X-A', value: '1' },
    { name: 'X-A', value: '2' },
  ]);
  expect(valuesOf(readHeaders(raw), 'x-A')).toEqual(['1', '2']);
});

test('bare line feeds end the header too, and lines that are no field are left out', () => {
  expect(readHeaders(Buffer.from('no field\nSubject: s\n\nTo: body'))).toEqual([{ name: 'Subject', value: 's' }]);
});

test('a mail without a header has none', () => {
  expect(readHeaders(Buffer.from('\r\nSubject: body'))).toEqual([]);
  expect(readHeaders(Buffer.from(''))).toEqual([]);
});
