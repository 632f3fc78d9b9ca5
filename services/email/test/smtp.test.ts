import { once } from 'node:events';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, test } from 'vitest';
import { emailVerification } from '../src/email-verification/email-verification.ts';
import { composeMessage, type Message } from '../src/mail/compose-message.ts';
import { classify } from '../src/mail/classify.ts';
import { createSmtpTransport } from '../src/mail/smtp.ts';
import { SmtpError } from '../src/mail/smtp-error.ts';
import { type Answer, drop, hang, type Stage, startScriptedSmtp } from './scripted-smtp.ts';

const recipient = 'ada@example.com';

test('sends one mail to one recipient and reports what the server said', async () => {
  await using smtp = await startScriptedSmtp();
  await using transport = createSmtpTransport({ url: smtp.url });
  expect(await transport.send(verification())).toEqual({ replyCode: 250, enhancedCode: '2.0.0' });
  expect(smtp.accepted.map(({ to }) => to)).toEqual([recipient]);
});

test('every attempt is byte-identical, with the headers that keep robots quiet', async () => {
  await using smtp = await startScriptedSmtp();
  for (let attempt = 1; attempt <= 2; attempt++) {
    await using transport = createSmtpTransport({ url: smtp.url });
    await transport.send(verification());
  }
  const [first, second] = smtp.accepted;
  expect(second).toEqual(first);
  const parsed = await simpleParser(first?.raw ?? '');
  expect(Object.fromEntries(parsed.headers)).toMatchObject({
    'auto-submitted': 'auto-generated',
    'x-auto-response-suppress': 'All',
    'content-language': 'en',
    'feedback-id': 'email-verification:security:postrider',
    date: new Date('2026-11-24T09:00:00.000Z'),
  });
  expect(parsed.messageId).toMatch(/^<[0-9a-f]{40}@postrider\.example>$/);
  expect(parsed.headers.has('x-mailer')).toBe(false);
  expect(parsed.text).toContain('04819273');
  expect(parsed.text).toContain('/confirm#verify=abc');
  expect(parsed.html).toContain('>04819273<');
});

const answers: [what: string, stage: Stage, answer: Answer, expected: object][] = [
  ['a connection dropped before the greeting', 'greeting', drop, { phase: 'connect' }],
  ['a greeting that never comes', 'greeting', hang, { phase: 'connect' }],
  ['a greeting with 421', 'greeting', '421 4.3.2 busy', { phase: 'connect', replyCode: 421 }],
  ['a greeting with 554', 'greeting', '554 no', { phase: 'connect', replyCode: 554 }],
  ['a connection dropped at EHLO', 'ehlo', drop, { phase: 'connect' }],
  ['a connection dropped at MAIL', 'mail', drop, { phase: 'mail', replyCode: undefined }],
  ['a refusal at MAIL', 'mail', '550 5.7.1 no', { phase: 'mail', replyCode: 550, enhancedCode: '5.7.1' }],
  ['a connection dropped at RCPT', 'rcpt', drop, { phase: 'rcpt', replyCode: undefined }],
  ['greylisting', 'rcpt', '450 4.7.1 later', { phase: 'rcpt', replyCode: 450, enhancedCode: '4.7.1' }],
  [
    'an unknown user',
    'rcpt',
    '550-5.1.1 no such\r\n550 5.1.1 user',
    { phase: 'rcpt', replyCode: 550, enhancedCode: '5.1.1' },
  ],
  ['a 421 at RCPT', 'rcpt', '421 4.3.2 closing', { phase: 'rcpt', replyCode: 421 }],
  ['a connection dropped at DATA', 'data', drop, { phase: 'data', replyCode: undefined }],
  ['a refusal of DATA', 'data', '554 no', { phase: 'data', replyCode: 554 }],
  ['a refusal of the message', 'final', '552 5.3.4 too big', { phase: 'sent', replyCode: 552, enhancedCode: '5.3.4' }],
  ['a 421 after the message', 'final', '421 4.3.2 closing', { phase: 'sent', replyCode: 421 }],
  ['a connection dropped after the final dot', 'final', drop, { phase: 'sent', replyCode: undefined }],
  ['an answer that never comes', 'final', hang, { phase: 'sent', replyCode: undefined, code: 'ETIMEDOUT' }],
];

test.each(answers)('%s is told apart', async (_what, stage, answer, expected) => {
  await using smtp = await startScriptedSmtp();
  smtp.answer(stage, () => answer);
  await using transport = createSmtpTransport({ url: smtp.url, connectTimeoutMs: 300, silenceTimeoutMs: 300 });
  const error = await failureOf(transport.send(verification()));
  expect(error).toMatchObject(expected);
  expect(error.message).not.toContain('ada');
  expect(error.cause).toBeUndefined();
});

test.each(['mail', 'rcpt', 'data', 'final'] as const)(
  'a drop at %s is told apart on a connection that was used before, and sent once',
  async (stage) => {
    await using smtp = await startScriptedSmtp();
    smtp.answer(stage, (count) => (count === 2 ? drop : undefined));
    await using transport = createSmtpTransport({ url: smtp.url, lanes: 1 });
    await transport.send(verification());
    const error = await failureOf(transport.send(verification()));
    expect(error.phase === 'sent').toBe(stage === 'final');
    expect(classify(error).fate).toBe(stage === 'final' ? 'ambiguous' : 'outage');
    expect(smtp.received).toHaveLength(stage === 'final' ? 2 : 1);
    await transport.send(verification());
    expect(smtp.accepted).toHaveLength(2);
  },
);

test('a server that pipelines is told apart just as well', async () => {
  await using smtp = await startScriptedSmtp();
  smtp.answer('ehlo', () => '250-scripted\r\n250 PIPELINING');
  smtp.answer('rcpt', (count) => (count === 1 ? '550 5.1.1 no such user' : undefined));
  smtp.answer('data', (count) => (count === 1 ? '503 5.5.1 no recipients' : undefined));
  smtp.answer('final', (count) => (count === 1 ? drop : undefined));
  await using transport = createSmtpTransport({ url: smtp.url });
  expect(await failureOf(transport.send(verification()))).toMatchObject({ phase: 'rcpt', enhancedCode: '5.1.1' });
  expect(await failureOf(transport.send(verification()))).toMatchObject({ phase: 'sent', replyCode: undefined });
});

test('a server that is not there is an outage, and the probe says when it is back', async () => {
  await using smtp = await startScriptedSmtp();
  await using transport = createSmtpTransport({ url: smtp.url });
  await smtp.down();
  const error = await failureOf(transport.send(verification()));
  expect(error).toMatchObject({ phase: 'connect', code: 'ECONNREFUSED' });
  expect(classify(error)).toMatchObject({ fate: 'outage', alert: false });
  await expect(transport.probe()).rejects.toThrow('ECONNREFUSED');
  await smtp.up();
  await expect(transport.probe()).resolves.toBeUndefined();
});

test('giving up is harmless before the data and ambiguous after it', async () => {
  for (const [stage, fate] of [
    ['rcpt', 'outage'],
    ['final', 'ambiguous'],
  ] as const) {
    await using smtp = await startScriptedSmtp();
    smtp.answer(stage, () => hang);
    await using transport = createSmtpTransport({ url: smtp.url });
    const giveUp = new AbortController();
    const sending = failureOf(transport.send(verification(), giveUp.signal));
    await smtp.until(({ seen }) => seen[stage] > 0);
    giveUp.abort();
    expect(classify(await sending)).toMatchObject({ fate });
  }
});

test.each([
  'Ada <ada@example.com>',
  'ada@example.com, eve@example.com',
  'ada@example.com\r\nRCPT TO:<eve@example.com>',
  '"ada@evil"@example.com',
  'Ada@Example.com',
])('an address outside our grammar reaches no server: %j', async (to) => {
  await using smtp = await startScriptedSmtp();
  await using transport = createSmtpTransport({ url: smtp.url });
  await expect(transport.send({ ...verification(), to })).rejects.toThrow('canonical');
  expect(smtp.seen.greeting).toBe(0);
});

test('a certificate that fails is a matter of configuration, over STARTTLS and over smtps', async () => {
  for (const scheme of ['smtp', 'smtps'] as const) {
    await using server = await startRealSmtp({ secure: scheme === 'smtps', authOptional: true });
    await using transport = createSmtpTransport({ url: `${scheme}://127.0.0.1:${server.port}` });
    const error = await failureOf(transport.send(verification()));
    expect(error).toMatchObject({ phase: 'connect', code: 'ETLS' });
    expect(classify(error)).toMatchObject({ fate: 'outage', alert: true });
  }
});

test('bad credentials and missing ones are a matter of configuration', async () => {
  await using server = await startRealSmtp({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (_auth, _session, done) => done(new Error('no')),
  });
  for (const credentials of ['user:wrong@', '']) {
    await using transport = createSmtpTransport({ url: `smtp://${credentials}127.0.0.1:${server.port}` });
    expect(classify(await failureOf(transport.send(verification())))).toMatchObject({ fate: 'outage', alert: true });
  }
});

test('a hundred mails share few connections', async () => {
  let connections = 0;
  const taken: string[] = [];
  await using server = await startRealSmtp({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onConnect: (_session, done) => (connections++, done()),
    onData: (stream, session, done) => {
      stream.resume().on('end', () => {
        taken.push(...session.envelope.rcptTo.map(({ address }) => address));
        done();
      });
    },
  });
  await using transport = createSmtpTransport({ url: `smtp://127.0.0.1:${server.port}`, lanes: 3 });
  const recipients = Array.from({ length: 100 }, (_, index) => `user${index}@example.com`);
  await Promise.all(recipients.map((to) => transport.send({ ...verification(), to })));
  expect(taken.toSorted()).toEqual(recipients.toSorted());
  expect(connections).toBe(3);
});

function verification(): Message {
  const data = {
    confirmUrl: 'http://localhost:3000/confirm#verify=abc',
    code: '04819273',
    issuedAt: '2026-11-24T09:00:00.000Z',
    codeExpiresAt: '2026-11-24T09:10:00.000Z',
    linkExpiresAt: '2026-11-25T09:00:00.000Z',
  };
  return composeMessage({
    mail: emailVerification,
    rendered: emailVerification.render(data, 'en'),
    from: 'Postrider <no-reply@postrider.example>',
    to: recipient,
    key: 'ledger-key',
    date: new Date(data.issuedAt),
  });
}

async function failureOf(sending: Promise<unknown>): Promise<SmtpError> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SmtpError)) throw new Error('The send did not fail with an SmtpError.', { cause: error });
  return error;
}

async function startRealSmtp(options: SMTPServerOptions): Promise<AsyncDisposable & { port: number }> {
  const server = new SMTPServer({ closeTimeout: 100, logger: false, ...options });
  server.on('error', () => undefined); // A client that refuses our certificate is what some tests want.
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('The mail server has no port.');
  return { port: address.port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}
