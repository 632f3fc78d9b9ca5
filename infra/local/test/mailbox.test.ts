import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createTransport } from 'nodemailer';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Message, MessagesSummary } from '../src/mailbox/api/mailpit.ts';
import { startMailbox } from '../src/mailbox/start-mailbox.ts';

const log = pino({ level: 'silent' });
const from = 'Postrider <no-reply@postrider.example>';

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'postrider-mailbox-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

type TestOptions = { dataDir?: string; maxMessages?: number };

/** A mailbox on free ports in this process, with a client of each of its sides. */
async function testMailbox({ dataDir, maxMessages = 10_000 }: TestOptions = {}) {
  await using starting = new AsyncDisposableStack();
  const directory = dataDir ?? starting.use(await temporaryDirectory()).path;
  const options = { host: '127.0.0.1', smtpPort: 0, httpPort: 0, dataDir: directory, log, maxMessages };
  const mailbox = starting.use(await startMailbox(options));
  const transport = starting.adopt(smtpClient(mailbox.smtpUrl), (client) => client.close());
  const running = starting.move();
  return {
    ...mailbox,
    ...apiClient(mailbox.url),
    transport,
    directory,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function smtpClient(smtpUrl: string, connections = 1) {
  const { hostname, port } = new URL(smtpUrl);
  return createTransport({
    host: hostname,
    port: Number(port),
    ignoreTLS: true,
    pool: true,
    maxConnections: connections,
  });
}

function apiClient(url: string) {
  const get = (path: string) => fetch(new URL(path, url));
  return {
    get,
    messages: async (query = '') => (await (await get(`/api/v1/messages${query}`)).json()) as MessagesSummary,
    search: async (query: string) =>
      (await (await get(`/api/v1/search?query=${encodeURIComponent(query)}`)).json()) as MessagesSummary,
    message: async (id: string) => (await (await get(`/api/v1/message/${id}`)).json()) as Message,
    remove: (body?: string) => fetch(new URL('/api/v1/messages', url), { method: 'DELETE', body: body ?? null }),
  };
}

/** Says lines to an SMTP server, each after the reply to the one before, and returns the last reply. */
async function speak(smtpUrl: string, lines: string[]): Promise<string> {
  const { hostname, port } = new URL(smtpUrl);
  const socket = connect(Number(port), hostname);
  try {
    const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
    let reply = '';
    for (const line of ['', 'EHLO test', ...lines]) {
      if (line !== '') socket.write(`${line}\r\n`);
      do reply = String((await replies.next()).value);
      while (/^\d{3}-/.test(reply));
    }
    return reply;
  } finally {
    socket.destroy();
  }
}

const transaction = ['MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.com>', 'DATA'];

/** `main.ts` as the process that npm start runs. */
async function mailboxProcess(dataDir: string) {
  const main = new URL('../src/mailbox/main.ts', import.meta.url);
  const env = { PATH: process.env['PATH'], SMTP_PORT: '0', HTTP_PORT: '0', MAILBOX_DIR: dataDir };
  const child = fork(main, { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: [] });
  const { smtpUrl, url } = await readyLine(child);
  return { child, smtpUrl, url, ...apiClient(url), [Symbol.asyncDispose]: () => killed(child) };
}

async function readyLine({ stdout }: ChildProcess): Promise<{ smtpUrl: string; url: string }> {
  if (!stdout) throw new Error('The mailbox has no output to read.');
  for await (const line of createInterface({ input: stdout })) {
    const record = JSON.parse(line) as { msg: string; smtpUrl: string; url: string };
    stdout.resume();
    if (record.msg === 'mailbox ready') return record;
  }
  throw new Error('The mailbox ended before it was ready.');
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

describe('the API of Mailpit', () => {
  test('lists, and gives a mail, under the names of Mailpit', async () => {
    await using mailbox = await testMailbox();
    await mailbox.transport.sendMail({
      from,
      to: 'Ada Lovelace <ada@example.com>, bob@example.com',
      cc: 'cc@example.com',
      bcc: 'hidden@example.com',
      replyTo: 'reply@example.com',
      subject: 'Grüße – confirm',
      text: 'Hello there',
      html: '<p>Hello <b>there</b></p>',
      messageId: '<m1@postrider.example>',
      date: new Date('2026-11-24T03:23:45Z'),
      attachments: [{ filename: 'n.txt', content: 'note' }],
    });
    const page = await mailbox.messages();
    const recipients = {
      From: { Name: 'Postrider', Address: 'no-reply@postrider.example' },
      To: [
        { Name: 'Ada Lovelace', Address: 'ada@example.com' },
        { Name: '', Address: 'bob@example.com' },
      ],
      Cc: [{ Name: '', Address: 'cc@example.com' }],
      Bcc: [{ Name: '', Address: 'hidden@example.com' }],
      ReplyTo: [{ Name: '', Address: 'reply@example.com' }],
    };
    const ID = expect.stringMatching(/^[0-9a-z]{22}$/);
    expect(page).toEqual({
      total: 1,
      unread: 1,
      count: 1,
      messages_count: 1,
      messages_unread: 1,
      start: 0,
      tags: [],
      messages: [
        {
          ...recipients,
          ID,
          MessageID: 'm1@postrider.example',
          Read: false,
          Subject: 'Grüße – confirm',
          Created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          Username: '',
          Tags: [],
          Size: expect.any(Number),
          Attachments: 1,
          Snippet: 'Hello there',
        },
      ],
    });
    expect(await mailbox.message(page.messages[0]?.ID ?? '')).toEqual({
      ...recipients,
      ID,
      MessageID: 'm1@postrider.example',
      ReturnPath: 'no-reply@postrider.example',
      Subject: 'Grüße – confirm',
      ListUnsubscribe: { Header: '', Links: [], Errors: '', HeaderPost: '' },
      Date: '2026-11-24T03:23:45.000Z',
      Tags: [],
      Username: '',
      Text: 'Hello there',
      HTML: '<p>Hello <b>there</b></p>',
      Size: page.messages[0]?.Size,
      Inline: [],
      Attachments: [
        {
          PartID: '2',
          FileName: 'n.txt',
          ContentType: 'text/plain',
          ContentID: '',
          Size: 4,
          Checksums: {
            MD5: 'aad653ca3ee669635f2938b73098b6d7',
            SHA1: expect.any(String),
            SHA256: 'edb465624291e4053c6c5ea4b7eb320dec773e10a57d26b95dcf0564f8e310f8',
          },
        },
      ],
    });
    expect((await mailbox.messages()).unread).toBe(0);
  });

  test('the raw mail is what was sent, byte for byte, and its headers come by name', async () => {
    await using mailbox = await testMailbox();
    const raw = 'Subject: =?utf-8?q?a?=\r\nX-Twice: 1\r\nx-twice: 2\r\n folded\r\n\r\n..dots\r\n.\r\ntab\there \r\n';
    await mailbox.transport.sendMail({ envelope: { from: 'bounce@example.com', to: ['only@example.com'] }, raw });
    expect(await (await mailbox.get('/api/v1/message/latest/raw')).text()).toBe(raw);
    expect(await (await mailbox.get('/api/v1/message/latest/headers')).json()).toEqual({
      Subject: ['=?utf-8?q?a?='],
      'X-Twice': ['1', '2 folded'],
      'Return-Path': ['<bounce@example.com>'],
      Bcc: ['only@example.com'],
    });
  });

  test('searches, pages from the newest, and knows the latest', async () => {
    await using mailbox = await testMailbox();
    for (const name of ['ada', 'bob', 'eve', 'ada']) {
      await mailbox.transport.sendMail({
        from,
        to: `${name}@example.com`,
        bcc: 'audit@example.com',
        subject: `for ${name}`,
        text: 'x',
      });
    }
    const subjects = (page: MessagesSummary) => page.messages.map((mail) => mail.Subject);
    expect(subjects(await mailbox.messages('?start=1&limit=2'))).toEqual(['for eve', 'for bob']);
    expect(await mailbox.messages('?start=1&limit=2')).toMatchObject({
      total: 4,
      count: 2,
      messages_count: 4,
      start: 1,
    });
    expect(subjects(await mailbox.messages('?limit=0'))).toHaveLength(4);

    expect(await mailbox.search('to:ada@example.com')).toMatchObject({ total: 4, count: 2, messages_count: 2 });
    expect(subjects(await mailbox.search('subject:"for eve"'))).toEqual(['for eve']);
    expect((await mailbox.search('bcc:audit@example.com')).messages_count).toBe(4);
    expect((await mailbox.search('audit@example.com -to:ada')).messages_count).toBe(2);
    expect(await mailbox.search('to:nobody')).toMatchObject({ messages_count: 0, messages: [] });

    expect((await mailbox.message('latest')).Subject).toBe('for ada');
    expect((await mailbox.message('latest?query=to:bob')).Subject).toBe('for bob');
    const redirect = await fetch(new URL('/view/latest?query=to:bob', mailbox.url), { redirect: 'manual' });
    expect(redirect.headers.get('location')).toBe(`/view/${(await mailbox.search('to:bob')).messages[0]?.ID}`);
  });

  test('deletes those that are named, or all, also when asked twice at once', async () => {
    await using mailbox = await testMailbox();
    for (let n = 0; n < 20; n++)
      await mailbox.transport.sendMail({ from, to: 'a@example.com', subject: `s${n}`, text: 'x' });
    const ids = (await mailbox.messages()).messages.map((mail) => mail.ID);

    const named = JSON.stringify({ IDs: [...ids.slice(0, 5), 'unknown'] });
    const answers = await Promise.all([mailbox.remove(named), mailbox.remove(named)]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect((await mailbox.messages()).messages.map((mail) => mail.ID)).toEqual(ids.slice(5));
    expect((await mailbox.get(`/api/v1/message/${ids[0]}`)).status).toBe(404);

    const reading = ids.slice(5).map((id) => mailbox.get(`/api/v1/message/${id}/raw`));
    await Promise.all([
      mailbox.remove(),
      mailbox.remove('{}'),
      mailbox.transport.sendMail({ from, to: 'late@example.com', text: 'x' }),
    ]);
    expect(
      (await Promise.all(reading)).map((answer) => answer.status).filter((status) => ![200, 404].includes(status)),
    ).toEqual([]);
    const left = await mailbox.messages();
    expect(left.total).toBeLessThanOrEqual(1); // The late one came before the deletions or after them.
    expect(await readdir(mailbox.directory)).toHaveLength(left.total);
  });

  test('deletes nothing but mails', async () => {
    await using mailbox = await testMailbox();
    await using other = await temporaryDirectory();
    const victim = join(other.path, 'other.eml');
    await writeFile(victim, 'precious');
    const path = join('..', basename(other.path), 'other');
    expect((await mailbox.remove(JSON.stringify({ IDs: [path] }))).status).toBe(200);
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });

  test.each([
    ['GET', '/api/v1/search', 400, 'The search query is empty'],
    ['GET', '/api/v1/search?query=tag:x', 400, 'The search filter "tag:x" is not one of'],
    ['GET', '/api/v1/messages?limit=many', 400, '"limit" must be a whole number'],
    ['GET', '/api/v1/messages?start=-1', 400, '"start" must be a whole number'],
    ['GET', '/api/v1/message/nope', 404, 'There is no mail "nope"'],
    ['GET', '/api/v1/message/..%2f..%2fetc%2fpasswd/raw', 404, 'There is no mail'],
    ['GET', '/api/v1/message/latest', 404, 'There is no mail "latest"'],
    ['GET', '/view/nope.html', 404, 'There is no mail "nope"'],
    ['GET', '/assets/..%2fpage-routes.ts', 404, 'There is nothing at'],
    ['GET', '/nowhere', 404, 'There is nothing at "/nowhere"'],
    ['POST', '/api/v1/messages', 405, '"/api/v1/messages" takes GET or DELETE, not POST'],
    ['DELETE', '/api/v1/messages', 400, 'The body must be JSON such as'],
  ])('%s %s is refused with %i and a sentence', async (method, path, status, message) => {
    await using mailbox = await testMailbox();
    const answer = await fetch(new URL(path, mailbox.url), { method, ...(method === 'GET' ? {} : { body: 'IDs' }) });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(message);
  });

  test('a body without end is cut off', async () => {
    await using mailbox = await testMailbox();
    expect((await mailbox.remove(' '.repeat(6_000_000))).status).toBe(413);
  });

  test('says what it is and that it is well, until its directory is gone', async () => {
    await using mailbox = await testMailbox();
    expect((await mailbox.get('/livez')).status).toBe(200);
    expect((await mailbox.get('/readyz')).status).toBe(200);
    expect(await (await mailbox.get('/api/v1/info')).json()).toMatchObject({
      Database: mailbox.directory,
      Messages: 0,
      Unread: 0,
    });

    await rm(mailbox.directory, { recursive: true });
    expect((await mailbox.get('/livez')).status).toBe(200);
    expect((await mailbox.get('/readyz')).status).toBe(503);
    expect(await speak(mailbox.smtpUrl, [...transaction, 'Subject: x\r\n\r\nx\r\n.'])).toMatch(
      /^451 .*could not store/,
    );
    expect((await mailbox.messages()).total).toBe(0);
  });
});

describe('SMTP', () => {
  test('200 mails, 20 in parallel, are each there once', async () => {
    await using mailbox = await testMailbox();
    const transport = smtpClient(mailbox.smtpUrl, 20);
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(
      numbers.map((n) =>
        transport.sendMail({ from, to: `u${n}@example.com`, subject: `s${n}`, text: 'x', html: '<p>x' }),
      ),
    );
    transport.close();
    const page = await mailbox.messages('?limit=1000');
    const addresses = page.messages.map((mail) => mail.To[0]?.Address);
    expect(addresses).toHaveLength(200);
    expect(new Set(addresses)).toEqual(new Set(numbers.map((n) => `u${n}@example.com`)));
    const times = page.messages.map((mail) => Date.parse(mail.Created));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
  });

  test('greets at once, and offers what it says', async () => {
    await using mailbox = await testMailbox();
    const { hostname, port } = new URL(mailbox.smtpUrl);
    const socket = connect(Number(port), hostname);
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatch(/^220 /);
    socket.write('EHLO test\r\n');
    const offered: string[] = [];
    do offered.push(String((await lines.next()).value).slice(4));
    while (!offered.at(-1)?.startsWith('SIZE') && offered.length < 10);
    socket.destroy();
    expect(offered).toEqual(expect.arrayContaining(['PIPELINING', '8BITMIME', 'SIZE 10485760']));
    expect(offered.join()).not.toMatch(/AUTH|STARTTLS/);
  });

  test.each([
    ['a recipient that is none', ['MAIL FROM:<a@example.com>', 'RCPT TO:nonsense'], /^501 /],
    ['data without a recipient', ['MAIL FROM:<a@example.com>', 'DATA'], /^503 /],
    ['a login', ['AUTH PLAIN AGEAYg=='], /^5\d\d /],
    ['an unknown command', ['BREW coffee'], /^500 /],
    ['an announced size that is too large', ['MAIL FROM:<a@example.com> SIZE=10485761'], /^552 /],
    [
      'a mail that is too large',
      [...transaction, `Subject: x\r\n\r\n${'x'.repeat(10_485_760)}\r\n.`],
      /^552 .*larger than|^552 .*exceeds/,
    ],
    ['a mail without a header', [...transaction, 'hello\r\n.'], /^554 .*has no header/],
    ['an empty mail', [...transaction, '.'], /^554 .*has no header/],
  ])('refuses %s', async (_what, lines, reply) => {
    await using mailbox = await testMailbox();
    expect(await speak(mailbox.smtpUrl, lines)).toMatch(reply);
    expect((await mailbox.messages()).total).toBe(0);
    expect(await speak(mailbox.smtpUrl, [...transaction, 'Subject: next\r\n\r\nx\r\n.'])).toMatch(/^250 /);
  });

  test('a client that hangs up before the final dot leaves nothing', async () => {
    await using mailbox = await testMailbox();
    expect(await speak(mailbox.smtpUrl, transaction)).toMatch(/^354 /);
    await speak(mailbox.smtpUrl, [...transaction.slice(0, 2), 'DATA\r\nSubject: half\r\n\r\nha']);
    await mailbox.transport.sendMail({ from, to: 'a@example.com', subject: 'whole', text: 'x' });
    expect((await mailbox.messages()).messages.map((mail) => mail.Subject)).toEqual(['whole']);
    expect(await readdir(mailbox.directory)).toHaveLength(1);
  });
});

describe('the store', () => {
  test('a restart reads everything back, and keeps the newest where there are too many', async () => {
    await using directory = await temporaryDirectory();
    let before: MessagesSummary;
    {
      await using mailbox = await testMailbox({ dataDir: directory.path, maxMessages: 4 });
      for (let n = 0; n < 6; n++) {
        await mailbox.transport.sendMail({
          from,
          to: 'a@example.com',
          bcc: 'b@example.com',
          subject: `s${n}`,
          text: 'x',
        });
      }
      before = await mailbox.messages();
      expect(before.messages.map((mail) => mail.Subject)).toEqual(['s5', 's4', 's3', 's2']);
    }
    await writeFile(join(directory.path, `${'0'.repeat(22)}.eml`), 'no mail of ours');
    await writeFile(join(directory.path, `${'1'.repeat(22)}.tmp`), 'X-Mailbox-Envelope: half');
    await using again = await testMailbox({ dataDir: directory.path });
    expect(await again.messages()).toEqual(before);
    expect((await again.search('bcc:b@example.com')).messages_count).toBe(4);
    expect((await readdir(directory.path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    await using smaller = await testMailbox({ dataDir: directory.path, maxMessages: 2 });
    expect((await smaller.messages()).messages.map((mail) => mail.Subject)).toEqual(['s5', 's4']);
  });

  test('kill -9 as soon as the 250 is there loses nothing', async () => {
    await using directory = await temporaryDirectory();
    for (let round = 0; round < 3; round++) {
      await using mailbox = await mailboxProcess(directory.path);
      const transport = smtpClient(mailbox.smtpUrl);
      await transport.sendMail({ from, to: 'a@example.com', subject: `round ${round}`, text: 'x' });
      await killed(mailbox.child);
      transport.close();
    }
    await using mailbox = await testMailbox({ dataDir: directory.path });
    expect((await mailbox.messages()).messages.map((mail) => mail.Subject)).toEqual(['round 2', 'round 1', 'round 0']);
  });

  test('kill -9 in a flood of mails loses none that was answered 250 and shows no half one', async () => {
    await using directory = await temporaryDirectory();
    const accepted: string[] = [];
    const body = 'x'.repeat(20_000);
    {
      await using mailbox = await mailboxProcess(directory.path);
      const transport = smtpClient(mailbox.smtpUrl, 20);
      const sending = Array.from({ length: 1_000 }, async (_, n) => {
        await transport.sendMail({ from, to: `u${n}@example.com`, subject: `s${n}`, text: body });
        accepted.push(`u${n}@example.com`);
        if (accepted.length === 150) mailbox.child.kill('SIGKILL');
      });
      const outcomes = await Promise.allSettled(sending);
      transport.close();
      expect(outcomes.filter((outcome) => outcome.status === 'rejected').length).toBeGreaterThan(0);
    }
    await using mailbox = await testMailbox({ dataDir: directory.path });
    const page = await mailbox.messages('?limit=0');
    const stored = page.messages.map((mail) => mail.To[0]?.Address);
    expect(accepted.filter((address) => !stored.includes(address))).toEqual([]);
    for (const { ID } of page.messages) expect((await mailbox.message(ID)).Text.trim()).toBe(body);
  });
});

describe('the process', () => {
  test.each([
    ['SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
    ['the end of the process that forked it', (child: ChildProcess) => child.disconnect()],
  ])('stops on %s, whoever is still connected', async (_what, end) => {
    await using directory = await temporaryDirectory();
    await using mailbox = await mailboxProcess(directory.path);
    const transport = smtpClient(mailbox.smtpUrl);
    await transport.sendMail({ from, to: 'a@example.com', text: 'x' });
    const watching = await mailbox.get('/events');
    const exit = once(mailbox.child, 'exit');
    const began = performance.now();
    end(mailbox.child);
    expect(await exit).toEqual([0, null]);
    expect(performance.now() - began).toBeLessThan(3_000);
    await watching.body?.cancel().catch(() => undefined); // The stream was cut by the stop.
    transport.close();
  });

  test('a taken port is an error that names it', async () => {
    await using mailbox = await testMailbox();
    await using directory = await temporaryDirectory();
    const port = Number(new URL(mailbox.smtpUrl).port);
    const second = startMailbox({ host: '127.0.0.1', smtpPort: port, httpPort: 0, dataDir: directory.path, log });
    await expect(second).rejects.toMatchObject({
      message: `The mailbox can't listen on 127.0.0.1:${port} for SMTP.`,
      cause: { code: 'EADDRINUSE' },
    });
  });
});

describe('the inbox page', () => {
  test('has no script, style or source of its own making but its files', async () => {
    await using mailbox = await testMailbox();
    for (const path of ['/', '/view/0123456789abcdefghij01']) {
      const page = await mailbox.get(path);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
      const html = await page.text();
      expect(html).toContain(mailbox.smtpUrl);
      expect(html).not.toMatch(/<script(?![^>]*src="\/assets\/)|<style|\sstyle=|\son\w+=|https?:/);
      const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
      expect(files.length).toBeGreaterThan(2);
      for (const file of files) expect((await mailbox.get(file)).status).toBe(200);
    }
  });

  test('shows HTML of a mail where it can neither run nor load anything', async () => {
    await using mailbox = await testMailbox();
    const pixel = Buffer.from('iVBORw0KGgo=', 'base64');
    await mailbox.transport.sendMail({
      from: '"<img src=x onerror=alert(1)>" <evil@example.com>',
      to: 'a@example.com',
      subject: '<script>alert(1)</script>',
      html: '<!doctype html><script>alert(1)</script><img src="https://evil.example/x.png"><img src="cid:pixel"><a href="https://a.example">a</a>',
      attachments: [{ filename: 'p.png', content: pixel, cid: 'pixel' }],
    });
    const view = await mailbox.get('/view/latest.html');
    const policy = (view.headers.get('content-security-policy') ?? '').split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        'img-src data:',
        'sandbox allow-popups allow-popups-to-escape-sandbox',
      ]),
    );
    expect(policy.join()).not.toMatch(/script-src|allow-scripts|allow-same-origin|https?:|\*/);
    const html = await view.text();
    expect(html).toMatch(/^<!doctype html><base target="_blank">/);
    expect(html).toContain('src="data:image/png;base64,iVBORw0KGgo="');

    for (const path of [
      '/api/v1/messages',
      '/api/v1/message/latest',
      '/api/v1/message/latest/raw',
      '/view/latest.txt',
    ]) {
      const answer = await mailbox.get(path);
      expect(answer.headers.get('content-type')).toMatch(/^(application\/json|text\/plain; charset=utf-8)$/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    }
  });

  test('hears of every change', async () => {
    await using mailbox = await testMailbox();
    const events = await mailbox.get('/events');
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    const heard = async () => {
      let text = '';
      while (!text.includes('event: changed')) text += (await reader?.read())?.value ?? '';
      return text;
    };
    await mailbox.transport.sendMail({ from, to: 'a@example.com', text: 'x' });
    expect(await heard()).toContain('event: changed');
    await mailbox.remove();
    expect(await heard()).toContain('event: changed');
    await reader?.cancel();
  });
});
