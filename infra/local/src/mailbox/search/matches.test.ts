import { expect, test } from 'vitest';
import { summarise } from '../mail/summarise.ts';
import { matches } from './matches.ts';
import { parseQuery } from './parse-query.ts';

const raw = Buffer.from(
  [
    'From: "Post, Rider" <no-reply@postrider.example>',
    'To: =?utf-8?q?Ada_L=C3=B6velace?= <ada@example.com>, bob@example.com',
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= (confirm)',
    'Message-ID: <m1@postrider.example>',
    '',
    'Your code is',
    '1234 5678.',
  ].join('\r\n'),
);
const envelope = {
  from: 'bounce@postrider.example',
  to: ['ada@example.com', 'bob@example.com', 'Hidden@example.com'],
  receivedAt: '2026-11-24T03:23:45.958Z',
};
const mail = { ...(await summarise(envelope, raw)), id: 'x', read: false };

test.each([
  'to:ada@example.com',
  'to:"ada lövelace"',
  'TO:BOB@',
  'from:"post, rider"',
  'from:<no-reply@postrider.example>',
  'subject:"grüße (confirm)"',
  'message-id:<m1@postrider.example>',
  'bcc:hidden@example.com',
  'addressed:hidden',
  'hidden@example.com',
  'bounce@postrider.example',
  '"code is 1234 5678"',
  'is:unread -is:read -has:attachment',
  'to:ada confirm code',
])('%s finds the mail', (query) => {
  expect(matches(mail, parseQuery(query))).toBe(true);
});

test.each([
  'to:hidden@example.com',
  'to:"ada@example.com bob@example.com"',
  'from:ada',
  'subject:code',
  '-to:ada',
  'confirm nothing',
  'is:read',
])('%s does not', (query) => {
  expect(matches(mail, parseQuery(query))).toBe(false);
});
