import { expect, test } from 'vitest';
import type { EventFacts, MailFacts, Position, ServiceHealth } from '../facts.ts';
import type { World } from './verdict.ts';
import { whatNext } from './what-next.ts';

const now = new Date('2026-11-24T08:00:00Z');
const later = new Date('2026-11-25T08:00:00Z');
const before = new Date('2026-11-24T07:00:00Z');

const up = { status: 'up' };
const user = (parts: ServiceHealth['parts'] = { nats: up, relay: up }): ServiceHealth => {
  return { service: 'user', status: 'ready', parts };
};
const email = (parts: ServiceHealth['parts'] = { smtp: up }): ServiceHealth => {
  return { service: 'email', status: 'ready', parts };
};
const world = (changes: Partial<World> = {}): World => {
  return { now, unanswered: [], mailServer: '127.0.0.1:1025', health: [user(), email()], ...changes };
};
const silent = (service: 'user' | 'email'): World =>
  world({
    health: [user(), email()].map((one) =>
      one.service === service ? { ...one, status: 'no answer', parts: {} } : one,
    ),
  });
const smtpDown = (detail: string): World =>
  world({
    health: [
      user(),
      email({ smtp: { status: 'down', detail }, 'email-challenges': { status: 'down', detail: 'waiting for smtp' } }),
    ],
  });

const at = (state: Position['state']): EventFacts['durables'] => [
  {
    durable: 'email-challenges',
    isForMail: true,
    position: { state, undelivered: 1, unacknowledged: 1, redelivered: 0 },
  },
];
const event = (changes: Partial<EventFacts> = {}): EventFacts => ({
  id: '01a20ca5-7abe-7695-aaf0-85d6b3417833',
  type: 'challenge.email_verification_issued.v1',
  subject: 'challenge.v1.email_verification_issued.ada',
  recordedAt: before,
  expiresAt: later,
  outbox: { state: 'published' },
  messages: [
    { stream: 'USER_CHALLENGES', sequence: 7, at: before, subject: 'challenge.v1.email_verification_issued.ada' },
  ],
  durables: at('done'),
  deadLetters: [],
  mails: [],
  ...changes,
});
const withMail = (mail: Partial<MailFacts>, changes: Partial<EventFacts> = {}): EventFacts =>
  event({
    mails: [
      {
        id: 'mail',
        mail: 'email-verification@1',
        class: 'security',
        state: 'accepted',
        spent: 0,
        acceptedAt: before,
        attempts: [],
        deliveryFacts: [],
        ...mail,
      },
    ],
    ...changes,
  });
const answered = { number: 1, startedAt: before, endedAt: before };
const letter = {
  stream: 'DEAD_LETTERS',
  sequence: 3,
  at: before,
  durable: 'email-challenges',
  deliveries: 5,
  reason: 'PermanentError: The mail has failed',
  retrySubject: 'challenge.retry.email-challenges.challenge.v1.email_verification_issued.ada',
};
const pending = event({
  outbox: { state: 'pending' },
  messages: [],
  durables: [{ durable: 'email-challenges', isForMail: true }],
});

test.for<[string, EventFacts, World, string, RegExp]>([
  [
    'sent',
    withMail({
      state: 'sent',
      settledAt: before,
      attempts: [{ ...answered, outcome: 'sent', phase: 'sent', replyCode: 250, enhancedCode: '2.0.0' }],
    }),
    world(),
    'done',
    /^Sent at 07:00:00 UTC; delivered to the mail server at 127\.0\.0\.1:1025, which said 250 2\.0\.0 to the message/,
  ],
  [
    'bounced',
    withMail({
      state: 'bounced',
      reason: 'no such address',
      attempts: [{ ...answered, outcome: 'bounced', phase: 'rcpt', replyCode: 550, enhancedCode: '5.1.1' }],
    }),
    world(),
    'ended',
    /^Bounced: 550 5\.1\.1 to RCPT TO \(no such address\)\. It will not be tried again\.$/,
  ],
  ['expired in the ledger', withMail({ state: 'expired' }), world(), 'ended', /time was over/],
  ['sent and never answered', withMail({ state: 'ambiguous' }), world(), 'ended', /the server may have it or not/],
  [
    'failed, with its letter',
    withMail({ state: 'failed', reason: 'ours: policy' }, { deadLetters: [letter] }),
    world(),
    'stuck',
    /DEAD_LETTERS #3: .* to challenge\.retry\.email-challenges\.challenge\.v1\./,
  ],
  [
    'failed, its letter over',
    withMail({ state: 'failed', reason: 'ours: policy' }),
    world(),
    'stuck',
    /failed: ours: policy\. Its dead letter is not there/,
  ],
  ['failed, then replayed and sent', withMail({ state: 'sent' }, { deadLetters: [letter] }), world(), 'done', /^Sent/],
  ['a dead letter without a mail', event({ deadLetters: [letter] }), world(), 'stuck', /replay it/],
  [
    'parked',
    event({ outbox: { state: 'parked', reason: 'too large', parkedAt: before } }),
    world(),
    'stuck',
    /parked in the outbox: too large\./,
  ],
  [
    'refused for now',
    withMail({
      state: 'retry_wait',
      reason: 'greylisted',
      spent: 1,
      nextAttemptAt: now,
      attempts: [{ ...answered, phase: 'rcpt', replyCode: 450, enhancedCode: '4.7.1' }],
    }),
    world(),
    'waiting',
    /due at 08:00:00 UTC.*said 450 4\.7\.1 to RCPT TO \(greylisted\)\. 1 attempt is spent/,
  ],
  [
    'refused for now, email service gone',
    withMail({ state: 'retry_wait' }),
    silent('email'),
    'stuck',
    /email service does not answer: start it/,
  ],
  [
    'under way',
    withMail({ state: 'sending', leaseUntil: later, attempts: [{ number: 2, startedAt: before }] }),
    world(),
    'waiting',
    /Attempt 2 is under way since 07:00:00 UTC.*has not answered yet/,
  ],
  [
    'left by a sender that died',
    withMail({ state: 'sending', leaseUntil: before }),
    world(),
    'waiting',
    /died.*by itself/,
  ],
  [
    'mail server refuses connections',
    withMail({}),
    smtpDown("The mail server can't be used: ECONNREFUSED at connect."),
    'waiting',
    /^The mail server at 127\.0\.0\.1:1025 refuses connections\. The email service waits and tries again by itself; nothing to do\./,
  ],
  [
    'mail server hangs',
    withMail({}),
    smtpDown("The mail server can't be used: ETIMEDOUT at connect."),
    'waiting',
    /^The mail server at 127\.0\.0\.1:1025 does not answer\./,
  ],
  [
    'mail server away, event still in the stream',
    event({ durables: at('waits') }),
    smtpDown('ECONNREFUSED'),
    'waiting',
    /waits in the stream: the mail server at 127\.0\.0\.1:1025 refuses/,
  ],
  ['owed, all well', withMail({}), world(), 'waiting', /about to send it/],
  [
    'owed, events off',
    withMail({}),
    world({ health: [user(), email({ database: up })] }),
    'stuck',
    /switched off in the email service/,
  ],
  [
    'pending, NATS away',
    pending,
    world({
      unanswered: [{ part: 'NATS', reason: 'refused' }],
      health: [user({ nats: { status: 'down', detail: 'reconnecting' }, relay: up }), email()],
    }),
    'waiting',
    /waits in the outbox: NATS can’t be used \(reconnecting\)\..*by itself when NATS is back/,
  ],
  ['pending, user service away', pending, silent('user'), 'stuck', /user service does not answer: start it/],
  [
    'pending, events off',
    pending,
    world({ health: [user({ database: up }), email()] }),
    'stuck',
    /switched off in the user service/,
  ],
  ['pending, all well', pending, world(), 'waiting', /relay is about to publish it/],
  ['pending, over', { ...pending, expiresAt: before }, world(), 'ended', /time was over before it was published/],
  [
    'delivered to nobody yet, email service away',
    event({ durables: at('waits') }),
    silent('email'),
    'stuck',
    /start it\. Its event waits in the stream/,
  ],
  ['delivered to nobody yet', event({ durables: at('waits') }), world(), 'waiting', /takes it in its turn/],
  ['in a handler', event({ durables: at('under way') }), world(), 'waiting', /has its event, and no mail/],
  [
    'gone from its stream in time',
    event({ messages: [], durables: at('done'), expiresAt: before }),
    world(),
    'ended',
    /Its time is over/,
  ],
  ['gone from its stream', event({ messages: [] }), world(), 'unknown', /stream does not hold it/],
  [
    'the ledger can’t be asked',
    event({ mails: undefined }),
    world({ unanswered: [{ part: 'email database', reason: 'refused' }] }),
    'unknown',
    /the email database can’t be asked/,
  ],
  [
    'a fact for others',
    event({ durables: [{ durable: 'crm', isForMail: false }] }),
    world(),
    'none',
    /other subscribers/,
  ],
  ['handled, and no mail', event(), world(), 'unknown', /ledger has no mail of it/],
])('%s', ([, facts, around, kind, sentence]) => {
  const verdict = whatNext(facts, around);
  expect(verdict).toMatchObject({ kind });
  expect(verdict.sentence).toMatch(sentence);
});
