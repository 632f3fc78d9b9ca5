import { connect } from 'node:net';
import { openDatabase } from '@postrider/runtime/database';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { userDatabase } from '../../src/database.ts';
import { describeDevice } from '../../src/sessions/device.ts';
import { signIn as signInUseCase } from '../../src/sessions/sign-in.ts';
import { addAccount, recorded, signIn } from '../account-fixture.ts';
import { startProcess } from '../service-process.ts';
import { type Answer, password, request, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand.

const quiet = { EVENTS_ENABLED: 'false' };
const wrong = 'another long password of mine';

/** What an onlooker can compare. */
function seen({ status, headers, body }: Answer): unknown {
  const varying = new Set(['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset']);
  const { instance: _anew, ...rest } = body;
  return { status, headers: [...headers].filter(([name]) => !varying.has(name)), body: rest };
}

test('5 · a wrong password on an unverified account answers as an unknown account does, and as every other state', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  const verified = await addAccount(servers, 'verified');
  const unverified = await addAccount(servers, 'unverified', { isVerified: false });
  const passwordless = await addAccount(servers, 'passwordless', { hasPassword: false });
  const unknown = seen(await signIn(url, 'nobody@example.com'));
  expect(unknown).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
  expect(seen(await signIn(url, verified.email, { password: wrong }))).toEqual(unknown);
  expect(seen(await signIn(url, unverified.email, { password: wrong }))).toEqual(unknown);
  expect(seen(await signIn(url, passwordless.email, { password: wrong }))).toEqual(unknown);
  expect(seen(await signIn(url, passwordless.email))).toEqual(unknown);
  // Whoever knows the password may know the state.
  expect(await signIn(url, unverified.email)).toMatchObject({ status: 403, body: { code: 'email_unverified' } });
  expect(await servers.rows('select 1 from session')).toEqual([]);
  expect(await recorded(servers, 'sign_in_failed')).toEqual([
    { userId: verified.id, method: 'password', reason: 'wrong_password' },
    { userId: unverified.id, method: 'password', reason: 'wrong_password' },
    { userId: passwordless.id, method: 'password', reason: 'no_password' },
    { userId: passwordless.id, method: 'password', reason: 'no_password' },
    { userId: unverified.id, method: 'password', reason: 'email_unverified' },
  ]);
});

test('3 · a refused sign-in is the same work in every state: one hash, the same kinds of statements in the same order', async () => {
  await using servers = await userServers();
  const accounts = {
    verified: await addAccount(servers, 'verified'),
    unverified: await addAccount(servers, 'unverified', { isVerified: false }),
    passwordless: await addAccount(servers, 'passwordless', { hasPassword: false }),
    unknown: { email: 'nobody@example.com' },
  };
  const pool = createPasswordHasher();
  await using database = await openDatabase({ ...userDatabase(servers.database.url), log: pino({ level: 'silent' }) });
  await database.untilMigrated(new AbortController().signal);
  const never = (): never => expect.unreachable('No session is opened here.');
  const query = vi.spyOn(Client.prototype, 'query'); // Before the pool has a connection: each keeps what it finds here.
  let hashes = 0;
  const context = {
    em: database.em,
    bell: { ring: never },
    headers: {},
    now: () => new Date(),
    passwords: {
      ...pool,
      hash: (...given: Parameters<typeof pool.hash>) => {
        hashes++;
        return pool.hash(...given);
      },
    },
    codeKey: new Uint8Array(32),
    accessTokens: { issueAccessToken: never, verifyAccessToken: never },
    refreshTokens: { first: never, successor: never, isGenuine: never },
    sessions: { idleDays: 7, maxDays: 30, graceSeconds: 10, rememberDays: 90 },
  };
  const fail = async (email: string) => {
    const refused = signInUseCase(context, { email, password: wrong, device: describeDevice(undefined, undefined) });
    await expect(refused).rejects.toMatchObject({ code: 'invalid_credentials' });
  };
  await fail('warm-up@example.com');
  const works: Record<string, unknown> = {};
  for (const [name, { email }] of Object.entries(accounts)) {
    hashes = 0;
    query.mockClear();
    await fail(email);
    const texts = query.mock.calls
      .map(([sql]) => textOf(sql))
      .filter((text) => !text.includes('transaction_read_only'));
    works[name] = { hashes, statements: texts.map(kindOf) }; // Less the probe of the database's health.
  }
  query.mockRestore();
  const same = { hashes: 1, statements: ['select', 'begin', 'select for update', 'insert', 'commit'] };
  expect(works).toEqual({ verified: same, unverified: same, passwordless: same, unknown: same });
});

function textOf(query: unknown): string {
  return (typeof query === 'string' ? query : (query as { text: string }).text).trim().toLowerCase();
}

/** The events are written by one `with … insert`. */
function kindOf(text: string): string {
  const [verb = ''] = text.split(/[\s;]/);
  if (verb === 'with') return 'insert';
  return verb === 'select' && text.includes('for update') ? 'select for update' : verb;
}

test('19 · one password against many users, from addresses that rotate within a /64: one quota for all of them', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ ...quiet, TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_SCALE: '0.02' });
  const from = (n: number, network: string) =>
    signIn(service.urls.public, `user${n}@example.com`, {}, { 'x-forwarded-for': `${network}::${n.toString(16)}` });
  const statuses = [];
  for (let n = 0; n < 30; n++) statuses.push((await from(n, '2001:db8:1:2')).status);
  expect(statuses).toEqual([...Array(20).fill(401), ...Array(10).fill(429)]);
  expect((await from(31, '2001:db8:1:2')).headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await from(0, '2001:db8:1:3')).toMatchObject({ status: 401 });
});

test('20 · whoever fails to sign in to an account as often as they like locks nobody out of it', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ ...quiet, TRUSTED_PROXIES: '127.0.0.1', RATE_LIMIT_SCALE: '0.1' });
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const from = (address: string, more = {}) => signIn(url, email, more, { 'x-forwarded-for': address });
  const guesses = [];
  for (let n = 0; n < 6; n++) guesses.push((await from('203.0.113.7', { password: wrong })).status);
  expect(guesses).toEqual([401, 401, 401, 429, 429, 429]);
  expect(await from('203.0.113.7')).toMatchObject({ status: 429 });
  expect(await from('198.51.100.9')).toMatchObject({ status: 201 });
});

test('9, 21, 29, 30 · what is no sign-in is refused before anything is hashed or written', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = `${service.urls.public}/v1/sessions`;
  const { email } = await addAccount(servers, 'ada');
  const good = { email, password };
  const refused: [unknown, number, Record<string, string>?][] = [
    [{ ...good, password: 'x'.repeat(1_048_576) }, 413],
    [{ ...good, password: 'x'.repeat(4_097) }, 400],
    [{ ...good, email: [email, 'eve@example.com'] }, 400],
    [{ ...good, email: `${email},eve@example.com` }, 400],
    [{ ...good, email: { $ne: '' } }, 400],
    [{ ...good, password: { $gt: '' } }, 400],
    [{ ...good, userId: 'x' }, 400],
    [{ ...good, role: 'admin' }, 400],
    [`{"email":"${email}","password":"${password}","__proto__":{"role":"admin"}}`, 400],
    [`{"email":"nobody@example.com","email":"${email}","password":"${password}"}`, 400],
    [{ ...good, mode: 'both' }, 400],
    [{ ...good, deviceLabel: 'Laptop\r\nSet-Cookie: x=y' }, 400],
    [{ ...good, deviceLabel: '\u001B[31mLaptop' }, 400],
    [`email=${email}`, 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    [JSON.stringify(good), 415, { 'content-type': 'text/plain' }],
  ];
  for (const [body, status, headers] of refused)
    expect({ sent: body, ...(await request(url, 'POST', body, headers)) }).toMatchObject({ status });
  expect(await servers.rows('select 1 from session union all select 1 from outbox_event')).toEqual([]);
  expect(await request(url, 'POST', good)).toMatchObject({ status: 201 });
});

test('35 · control characters of a User-Agent reach no log line and no list of sessions', async () => {
  await using servers = await userServers();
  await addAccount(servers, 'ada');
  await using service = await startProcess(servers);
  const { url } = service;
  const body = JSON.stringify({ email: 'ada@example.com', password });
  const send = async (userAgent: string): Promise<string> => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nUser-Agent: ${userAgent}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    return answer.slice(0, 12);
  };
  expect(await send('Mozilla/5.0\tTab')).toBe('HTTP/1.1 201');
  await send('\u001B[31mRed\u001B[0m');
  await send('Mozilla\r\n{"level":60,"msg":"forged"}');
  await send('Bare\rReturn');
  await service.stop();
  const lines = await service.lines();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
    expect(line).not.toMatch(/\p{Cc}/u);
  }
  const stored = await servers.rows<{ agent: string }>('select user_agent as agent from session order by created_at');
  expect(stored[0]).toEqual({ agent: 'Mozilla/5.0Tab' });
  for (const { agent } of stored) expect(agent).not.toMatch(/\p{C}/u);
});
