import { expect, test } from 'vitest';
import { decodeStoredMail, encodeStoredMail } from './envelope.ts';

const envelope = {
  from: 'a@example.com',
  to: ['b@example.com', 'ü@example.com'],
  receivedAt: '2026-11-24T03:23:45.958Z',
};

test('what is stored comes back byte for byte', () => {
  const raw = Buffer.from([0x53, 0x3a, 0xff, 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0xe9]);
  expect(decodeStoredMail(encodeStoredMail(envelope, raw))).toEqual({ envelope, raw });
});

test('an address can not break out of its line', () => {
  const odd = { ...envelope, from: 'a\r\nSubject: x' };
  expect(encodeStoredMail(odd, Buffer.from('')).toString().match(/\r\n/g)).toHaveLength(1);
});

test.each([
  ['', 'The file starts with ""'],
  ['Subject: x\r\n\r\n', 'The file starts with "Subject: x"'],
  ['X-Mailbox-Envelope: {}\r\n', 'Invalid input'],
  ['X-Mailbox-Envelope: {"from"\r\n', 'JSON'],
])('a file that holds %j is refused', (content, message) => {
  expect(() => decodeStoredMail(Buffer.from(content))).toThrow(message);
});
