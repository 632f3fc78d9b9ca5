import { expect, test } from 'vitest';
import type { Verdict } from '../mail/classify.ts';
import { decideFate, type MailHistory } from './decide-fate.ts';
import { defaultLedgerPolicy as policy } from './ledger-context.ts';

const fresh: MailHistory = { class: 'security', attempts: 0, ambiguities: 0 };
const minute = 60_000;
const ambiguous: Verdict = { fate: 'ambiguous', reason: 'sent, and the answer was lost' };
const greylisted: Verdict = { fate: 'retry', spends: true, minDelayMs: 5 * minute, alert: false, reason: 'greylisted' };
const closing: Verdict = { ...greylisted, spends: false, minDelayMs: minute };
const outage: Verdict = { fate: 'outage', alert: false, reason: 'unreachable' };

test('an outage costs the mail nothing and is no fact about it', () => {
  expect(decideFate(outage, { ...fresh, attempts: 4 }, policy)).toEqual({
    state: 'accepted',
    outcome: 'outage',
    reason: 'unreachable',
    spends: false,
    alert: false,
  });
});

test('a deferral waits at least what its reason asks for, and a random while that grows', () => {
  expect(decideFate(greylisted, fresh, policy, () => 0)).toMatchObject({ state: 'retry_wait', delayMs: 5 * minute });
  expect(decideFate(greylisted, fresh, policy, () => 0.5)).toMatchObject({ delayMs: 5 * minute + 500 });
  expect(decideFate(greylisted, { ...fresh, attempts: 3 }, policy, () => 0.5)).toMatchObject({
    delayMs: 5 * minute + 4_000,
  });
});

test('the fifth spent attempt is the last', () => {
  expect(decideFate(greylisted, { ...fresh, attempts: 3 }, policy)).toMatchObject({
    state: 'retry_wait',
    spends: true,
  });
  expect(decideFate(greylisted, { ...fresh, attempts: 4 }, policy)).toMatchObject({
    state: 'failed',
    outcome: 'deferred',
    alert: true,
    reason: '5 attempts, the last one: greylisted',
  });
});

test('a deferral that is the server’s fault spends nothing, however often', () => {
  expect(decideFate(closing, { ...fresh, attempts: 4 }, policy)).toMatchObject({ state: 'retry_wait', spends: false });
});

test.each(['security', 'transactional'] as const)('an ambiguous %s mail is sent once more, and only once', (of) => {
  expect(decideFate(ambiguous, { ...fresh, class: of }, policy)).toMatchObject({ state: 'retry_wait' });
  expect(decideFate(ambiguous, { ...fresh, class: of, ambiguities: 1 }, policy)).toMatchObject({ state: 'ambiguous' });
});

test('an ambiguous notice is not sent again', () => {
  expect(decideFate(ambiguous, { ...fresh, class: 'notice' }, policy)).toMatchObject({
    state: 'ambiguous',
    outcome: 'ambiguous',
  });
});

test('a bounce ends the mail and alarms nobody; a failure does', () => {
  const bounce: Verdict = { fate: 'bounced', suppress: 'now', reason: 'no such address' };
  expect(decideFate(bounce, fresh, policy)).toMatchObject({ state: 'bounced', outcome: 'bounced', alert: false });
  expect(decideFate({ fate: 'failed', reason: 'ours: policy' }, fresh, policy)).toMatchObject({
    state: 'failed',
    alert: true,
  });
});

test('every fate but an outage is published', () => {
  for (const verdict of [ambiguous, greylisted, closing]) expect(decideFate(verdict, fresh, policy).fact).toBeDefined();
});
