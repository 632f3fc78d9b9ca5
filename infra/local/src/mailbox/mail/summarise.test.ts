import { expect, test } from 'vitest';
import { summarise } from './summarise.ts';

const envelope = { from: 'bounce@example.com', to: ['ada@example.com'], receivedAt: '2026-11-24T03:23:45.958Z' };
const summaryOf = (lines: string[]) => summarise(envelope, Buffer.from(lines.join('\r\n')));

test('recipients of the envelope that no header names are blind copies', async () => {
  const mail = await summarise(
    { ...envelope, to: ['ADA@example.com', 'eve@example.com'] },
    Buffer.from('To: Ada <ada@example.com>\r\nBcc: bob@example.com\r\n\r\nhi'),
  );
  expect(mail.To).toEqual([{ Name: 'Ada', Address: 'ada@example.com' }]);
  expect(mail.Bcc.map((address) => address.Address)).toEqual(['bob@example.com', 'eve@example.com']);
});

test('the snippet is one line of at most 200 characters', async () => {
  const mail = await summaryOf(['Subject: s', '', 'one\u200B\u200B \u00AD two', '', 'word '.repeat(100)]);
  expect(mail.snippet).toMatch(/^one two word word/);
  expect(mail.snippet).toMatch(/…$/);
  expect(mail.snippet.length).toBeLessThanOrEqual(201);
});

test('a mail with HTML alone has its text in snippet and search', async () => {
  const mail = await summaryOf(['Content-Type: text/html', '', '<style>p{}</style><p>Hello <b>there</b></p>']);
  expect(mail.snippet).toBe('Hello there');
  expect(mail.searchText).toContain('hello there');
});

test('an internationalised domain stays as it was sent', async () => {
  expect((await summaryOf(['To: a@xn--bcher-kva.example', '', 'hi'])).To[0]?.Address).toBe('a@xn--bcher-kva.example');
});

test('a mail that can not be parsed still has what its header says', async () => {
  const tooManyParts = ['--b', 'Content-Type: text/plain', '', 'x'].join('\r\n').concat('\r\n').repeat(1_100);
  const mail = await summaryOf([
    'Subject: odd',
    'From: a@example.com',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    tooManyParts,
  ]);
  expect(mail).toMatchObject({ subject: 'odd', From: { Name: '', Address: 'a@example.com' }, snippet: '' });
});
