import { describe, expect, test } from 'vitest';
import { classify, type Verdict } from './classify.ts';
import type { SmtpPhase } from './smtp-error.ts';

type Row = [what: string, phase: SmtpPhase, code: string, expected: Partial<Verdict>];

const minute = 60_000;
const outage = { fate: 'outage', alert: false } as const;
const configuration = { fate: 'outage', alert: true } as const;
const retry = { fate: 'retry', spends: true, alert: false } as const;

/** `code` is a reply (`550 5.1.1`) or the code of an error without one (`EDNS`). */
const rows: Record<string, Row[]> = {
  'the provider is down': [
    ['DNS', 'connect', 'EDNS', outage],
    ['refused', 'connect', 'ESOCKET', outage],
    ['connect or greeting timeout', 'connect', 'ETIMEDOUT', outage],
    ['dropped before the greeting', 'connect', 'ECONNECTION', outage],
    ['dropped at MAIL', 'mail', 'ECONNECTION', outage],
    ['dropped at RCPT', 'rcpt', 'ECONNECTION', outage],
    ['dropped in the middle of the data', 'data', 'ECONNECTION', outage],
    ['greeted with 421', 'connect', '421', outage],
    ['log-in deferred', 'connect', '454 4.7.0', outage],
  ],
  'our configuration': [
    ['TLS or certificate', 'connect', 'ETLS', configuration],
    ['TLS required and not offered', 'connect', 'EREQUIRETLS', configuration],
    ['log-in impossible', 'connect', 'EAUTH', configuration],
    ['authentication required', 'mail', '530 5.7.0', configuration],
    ['mechanism too weak', 'connect', '534 5.7.9', configuration],
    ['bad credentials', 'connect', '535 5.7.8', configuration],
    ['no service for us', 'connect', '554', configuration],
  ],
  'the provider, for a moment': [
    ['421 at MAIL', 'mail', '421 4.3.2', { fate: 'retry', spends: false, minDelayMs: minute }],
    ['421 at RCPT', 'rcpt', '421', { fate: 'retry', spends: false, minDelayMs: minute }],
    ['421 after the data: refused, not ambiguous', 'sent', '421', { fate: 'retry', spends: false }],
    ['454 4.7.0', 'mail', '454 4.7.0', { fate: 'retry', spends: false, minDelayMs: minute }],
  ],
  'the recipient, for a while': [
    ['greylisting 450', 'rcpt', '450 4.7.1', { ...retry, minDelayMs: 5 * minute }],
    ['greylisting 451', 'sent', '451 4.7.1', { ...retry, minDelayMs: 5 * minute }],
    ['mailbox full 452', 'rcpt', '452 4.2.2', { ...retry, minDelayMs: 15 * minute }],
    ['mailbox busy 450', 'rcpt', '450 4.2.1', { ...retry, minDelayMs: 15 * minute }],
    ['too many recipients', 'rcpt', '452 4.5.3', retry],
    ['552 at RCPT is a 452', 'rcpt', '552', retry],
    ['any other 4xx', 'sent', '451 4.3.0', retry],
    ['a 4xx without an enhanced code', 'rcpt', '450', retry],
  ],
  'our reputation': [
    ['421 4.7.x', 'mail', '421 4.7.0', { ...retry, alert: true }],
    ['421 4.7.28 unusual rate', 'sent', '421 4.7.28', { ...retry, alert: true }],
    ['451 4.7.x', 'rcpt', '451 4.7.650', { ...retry, alert: true }],
  ],
  'a bounce': [
    ['no such user', 'rcpt', '550 5.1.1', { fate: 'bounced', suppress: 'now' }],
    ['no such user, said after the data', 'sent', '550 5.1.1', { fate: 'bounced', suppress: 'now' }],
    ['no such host', 'rcpt', '550 5.1.2', { fate: 'bounced', suppress: 'now' }],
    ['user moved', 'rcpt', '551', { fate: 'bounced', suppress: 'now' }],
    ['bad mailbox name', 'rcpt', '553', { fate: 'bounced', suppress: 'now' }],
    ['disabled', 'rcpt', '550 5.2.1', { fate: 'bounced', suppress: 'counted' }],
    ['full for good', 'sent', '552 5.2.2', { fate: 'bounced', suppress: 'never' }],
    ['full at RCPT', 'rcpt', '552 5.2.2', { fate: 'bounced', suppress: 'never' }],
  ],
  'our problem': [
    ['policy', 'rcpt', '550 5.7.1', { fate: 'failed', reason: 'ours: policy' }],
    ['policy after the data', 'sent', '550 5.7.26', { fate: 'failed', reason: 'ours: policy' }],
    ['blocklist', 'rcpt', '554', { fate: 'failed' }],
    ['blocklist at MAIL', 'mail', '554 5.7.1', { fate: 'failed', reason: 'ours: policy' }],
    ['sender refused', 'mail', '550 5.1.8', { fate: 'failed', reason: 'ours: sender refused' }],
    ['sender refused at RCPT', 'rcpt', '550 5.1.7', { fate: 'failed', reason: 'ours: sender refused' }],
    ['553 about the sender', 'mail', '553', { fate: 'failed' }],
  ],
  'our content': [
    ['too big', 'sent', '552 5.3.4', { fate: 'failed', reason: 'content: refused' }],
    ['media', 'sent', '554 5.6.0', { fate: 'failed', reason: 'content: refused' }],
    ['refused by our own library', 'mail', 'EMESSAGE', { fate: 'failed', reason: 'content: it can’t be sent' }],
  ],
  permanent: [
    ['a bare 550 at RCPT', 'rcpt', '550', { fate: 'failed' }],
    ['any other 5xx', 'data', '503 5.5.1', { fate: 'failed' }],
  ],
  ambiguous: [
    ['dropped after the final dot', 'sent', 'ECONNECTION', { fate: 'ambiguous' }],
    ['timed out after the final dot', 'sent', 'ETIMEDOUT', { fate: 'ambiguous' }],
    ['reset after the final dot', 'sent', 'ESOCKET', { fate: 'ambiguous' }],
  ],
};

describe.each(Object.entries(rows))('%s', (_class, cases) => {
  test.each(cases)('%s (%s, %s)', (_what, phase, code, expected) => {
    const [first = '', enhancedCode] = code.split(' ');
    const replyCode = /^\d/.test(first) ? Number(first) : undefined;
    expect(
      classify({ phase, replyCode, enhancedCode, code: replyCode === undefined ? first : undefined }),
    ).toMatchObject(expected);
  });
});
