import { expect, test } from 'vitest';
import { addAccount, bearer, recorded, refresh, signIn } from './account-fixture.ts';
import { type Answer, readStream, request, userServers } from './user-service-fixture.ts';

const quiet = { EVENTS_ENABLED: 'false' };

test('signing in opens a session, says so, and its tokens work until it is signed out', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { id: userId } = await addAccount(servers, 'ada');

  const signedIn = await signIn(url, 'Ada@Example.com', { deviceLabel: 'Laptop' }, { 'user-agent': 'Test/1.0' });
  expect(signedIn).toMatchObject({
    status: 201,
    body: {
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      tokenType: 'Bearer',
      expiresIn: 300,
      refreshToken: expect.stringMatching(/^[\w-]{86}$/),
      session: { deviceLabel: 'Laptop', userAgent: 'Test/1.0', isCurrent: true },
    },
  });
  expect(signedIn.headers.get('cache-control')).toBe('no-store');
  expect(signedIn.headers.get('set-cookie')).toBeNull();
  const { accessToken, refreshToken, session } = signedIn.body;
  const me = (token: string): Promise<Answer> => request(`${url}/v1/me`, 'GET', undefined, bearer(token));
  expect(await me(accessToken)).toMatchObject({ status: 200, body: { id: userId, email: 'ada@example.com' } });

  const refreshed = await refresh(url, refreshToken);
  expect(refreshed).toMatchObject({ status: 200, body: { session: { id: session.id, deviceLabel: 'Laptop' } } });
  expect(refreshed.body.refreshToken).not.toBe(refreshToken);
  expect(await me(refreshed.body.accessToken)).toMatchObject({ status: 200 });

  const signOut = () => request(`${url}/v1/sessions/current`, 'DELETE', undefined, bearer(accessToken));
  expect(await signOut()).toMatchObject({ status: 204 });
  expect(await signOut()).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  expect(await me(refreshed.body.accessToken)).toMatchObject({ status: 401 });
  expect((await me(accessToken)).headers.get('www-authenticate')).toBe('Bearer');
  expect(await refresh(url, refreshed.body.refreshToken)).toMatchObject({
    status: 401,
    body: { code: 'refresh_invalid' },
  });

  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 2);
  expect(events.map(({ header, data }) => [header('ce-type'), data])).toEqual([
    ['user.signed_in.v1', { userId, sessionId: session.id, method: 'password', newDevice: false }],
    [
      'user.session_revoked.v1',
      { userId, sessionId: session.id, reason: 'sign_out', revokedBefore: expect.any(String) },
    ],
  ]);
});

test('no token, of a session or for one, stands in the database or in an event', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const next = await refresh(url, body.refreshToken);
  const tables = ['session', 'spent_refresh_token', 'signing_key', 'outbox_event', '"user"'];
  const dump: unknown[] = [];
  for (const table of tables) dump.push(await servers.rows(`select t::text from ${table} t`));
  const text = JSON.stringify([dump, await readStream(servers.nats.urls.operator, 'USER_EVENTS', 1)]);
  expect(text).toContain(body.session.id);
  for (const token of [body.refreshToken, next.body.refreshToken]) {
    const secret = Buffer.from(token, 'base64url').subarray(16);
    for (const form of [token, secret.toString('hex'), secret.toString('base64'), secret.toString('base64url')])
      expect(text).not.toContain(form.slice(0, 24));
  }
  for (const token of [body.accessToken, next.body.accessToken]) expect(text).not.toContain(token.split('.')[2]);
});

test('a device is new when the account was used from others only', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const from = (agent: string, deviceLabel?: string) =>
    signIn(url, 'ada@example.com', { ...(deviceLabel !== undefined && { deviceLabel }) }, { 'user-agent': agent });
  await from('Firefox/151.0');
  await from('Firefox/152.0');
  await from('Chrome/150.0');
  await from('Firefox/152.0', 'Phone');
  await from('Chrome/151.0');
  expect((await recorded(servers, 'signed_in')).map(({ newDevice }) => newDevice)).toEqual([
    false,
    false,
    true,
    true,
    false,
  ]);

  await addAccount(servers, 'old');
  await servers.rows(`update "user" set created_at = now() - interval '91 days' where email = 'old@example.com'`);
  await signIn(url, 'old@example.com');
  expect((await recorded(servers, 'signed_in')).at(-1)).toMatchObject({ newDevice: true });
});

test('a session ends when it idles and in any case at its limit, by the clock of the database', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const days = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 86_400_000;
  const { body } = await signIn(url, 'ada@example.com');
  expect(days(body.session.createdAt, body.session.expiresAt)).toBeCloseTo(7);
  expect(days(body.session.createdAt, body.session.expiresAtLatest)).toBeCloseTo(30);

  const age = (by: string) =>
    servers.rows(
      `update session set created_at = created_at - $1::interval, last_used_at = last_used_at - $1::interval,
         expires_at = expires_at - $1::interval, expires_at_latest = expires_at_latest - $1::interval`,
      [by],
    );
  let token = body.refreshToken;
  for (let week = 0; week < 4; week++) {
    await age('6 days 23 hours');
    const refreshed = await refresh(url, token);
    expect(refreshed).toMatchObject({ status: 200 });
    token = refreshed.body.refreshToken;
  }
  // After 27 days and 20 hours it lives for what is left of its 30.
  const [row] = await servers.rows<{ left: number }>(
    'select extract(epoch from expires_at - now())::float8 / 86400 as left from session',
  );
  expect(row?.left).toBeCloseTo(2 + 4 / 24, 1);
  await age('2 days 5 hours');
  expect(await refresh(url, token)).toMatchObject({ status: 401, body: { code: 'refresh_invalid' } });

  const idle = await signIn(url, 'ada@example.com');
  await age('7 days');
  expect(await refresh(url, idle.body.refreshToken)).toMatchObject({ status: 401, body: { code: 'refresh_invalid' } });
  expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(idle.body.accessToken))).toMatchObject({ status: 401 });
  expect(await recorded(servers, 'refresh_token_reused')).toEqual([]);
});

test('one sees one’s sessions page by page, ends one, and ends all others', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  const { id: userId } = await addAccount(servers, 'ada');
  await addAccount(servers, 'eve');
  const eve = await signIn(url, 'eve@example.com');
  const ada: Answer['body'][] = [];
  for (let n = 0; n < 5; n++) ada.push((await signIn(url, 'ada@example.com', { deviceLabel: `Device ${n}` })).body);
  const mine = bearer(ada[4].accessToken);
  const list = async (query = '') => (await request(`${url}/v1/me/sessions${query}`, 'GET', undefined, mine)).body;
  const labels = (body: Answer['body']) => body.sessions.map((one: { deviceLabel: string }) => one.deviceLabel);

  const first = await list('?limit=2');
  expect(labels(first)).toEqual(['Device 4', 'Device 3']);
  expect(first.sessions.map((one: { isCurrent: boolean }) => one.isCurrent)).toEqual([true, false]);
  const second = await list(`?limit=2&cursor=${first.nextCursor}`);
  expect(labels(second)).toEqual(['Device 2', 'Device 1']);
  const third = await list(`?limit=2&cursor=${second.nextCursor}`);
  expect(labels(third)).toEqual(['Device 0']);
  expect(third.nextCursor).toBeUndefined();

  const remove = (id: string) => request(`${url}/v1/me/sessions/${id}`, 'DELETE', undefined, mine);
  expect(await remove(ada[1].session.id)).toMatchObject({ status: 204 });
  expect(await remove(ada[1].session.id)).toMatchObject({ status: 404 });
  expect(await refresh(url, ada[1].refreshToken)).toMatchObject({ status: 401 });

  expect(await request(`${url}/v1/me/sessions/revoke-others`, 'POST', undefined, mine)).toMatchObject({ status: 204 });
  expect(labels(await list())).toEqual(['Device 4']);
  for (const n of [0, 2, 3])
    expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(ada[n].accessToken))).toMatchObject({ status: 401 });
  expect(await refresh(url, ada[4].refreshToken)).toMatchObject({ status: 200 });
  expect(await refresh(url, eve.body.refreshToken)).toMatchObject({ status: 200 });
  expect(await recorded(servers, 'session_revoked')).toEqual([
    { userId, sessionId: ada[1].session.id, reason: 'revoked', revokedBefore: expect.any(String) },
    {
      userId,
      sessionId: 'all',
      exceptSessionId: ada[4].session.id,
      reason: 'revoked',
      revokedBefore: expect.any(String),
    },
  ]);
});

test('a password that is changed while somebody signs in with the old one lets nobody in', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  await addAccount(servers, 'ada');
  // Held by a change of password, which commits between their look and their lock.
  await servers.rows('begin');
  await servers.rows(`update "user" set password_hash = null where email = 'ada@example.com'`);
  const signingIn = signIn(service.urls.public, 'ada@example.com');
  await expect.poll(() => servers.waiting()).toBe(1);
  await servers.rows('commit');
  expect(await signingIn).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } });
  expect(await servers.rows('select 1 from session')).toEqual([]);
  expect(await recorded(servers, 'sign_in_failed')).toMatchObject([{ reason: 'no_password' }]);
});

test('with cookies a browser signs in, refreshes and signs out, and its pages see no token', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ ...quiet, PUBLIC_URL: 'https://accounts.example.com' });
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const ours = { 'sec-fetch-site': 'same-origin', origin: 'https://accounts.example.com' };
  const signedIn = await signIn(url, 'ada@example.com', { mode: 'cookie' }, ours);
  expect(signedIn).toMatchObject({ status: 201, body: { expiresIn: 300, session: { isCurrent: true } } });
  expect(signedIn.body).not.toHaveProperty('accessToken');
  expect(signedIn.body).not.toHaveProperty('refreshToken');
  expect(signedIn.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-postrider-access=[\w.-]+; Max-Age=300; Path=\/; HttpOnly; Secure; SameSite=Strict$/),
    expect.stringMatching(
      /^__Host-postrider-refresh=[\w-]{86}; Max-Age=60\d{4}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ),
  ]);
  const jar = (answer: Answer) => ({
    cookie: answer.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; '),
  });

  expect(await request(`${url}/v1/me`, 'GET', undefined, jar(signedIn))).toMatchObject({ status: 200 });
  const refreshed = await request(`${url}/v1/sessions/refresh`, 'POST', undefined, { ...jar(signedIn), ...ours });
  expect(refreshed).toMatchObject({ status: 200 });
  expect(refreshed.body).not.toHaveProperty('refreshToken');
  expect(refreshed.headers.getSetCookie()).toHaveLength(2);
  expect(jar(refreshed).cookie).not.toBe(jar(signedIn).cookie);

  // A browser that slept has its refresh cookie alone.
  const [, refreshOnly = ''] = jar(refreshed).cookie.split('; ');
  const signOut = () => request(`${url}/v1/sessions/current`, 'DELETE', undefined, { cookie: refreshOnly, ...ours });
  const out = await signOut();
  expect(out).toMatchObject({ status: 204 });
  expect(out.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-postrider-access=; Max-Age=0;/),
    expect.stringMatching(/^__Host-postrider-refresh=; Max-Age=0;/),
  ]);
  expect(await signOut()).toMatchObject({ status: 401 });
  const gone = await request(`${url}/v1/sessions/refresh`, 'POST', undefined, { ...jar(refreshed), ...ours });
  expect(gone).toMatchObject({ status: 401, body: { code: 'refresh_invalid' } });
  expect(gone.headers.getSetCookie()[1]).toMatch(/^__Host-postrider-refresh=; Max-Age=0;/);
});

test('with cookies nothing that another site asks for is done', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ ...quiet, PUBLIC_URL: 'https://accounts.example.com' });
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const ours = { 'sec-fetch-site': 'same-origin' };
  const signedIn = await signIn(url, 'ada@example.com', { mode: 'cookie' }, ours);
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const theirs: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://accounts.example.com' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://accounts.example.com' },
    { origin: 'https://accounts.example.com.evil.example' },
    {},
  ];
  const refused = { status: 403, body: { code: 'cross_site' } };
  for (const headers of theirs) {
    const send = (method: string, path: string, body?: unknown) =>
      request(`${url}${path}`, method, body, { cookie, ...headers });
    expect(await send('DELETE', '/v1/sessions/current')).toMatchObject(refused);
    expect(await send('POST', '/v1/sessions/refresh')).toMatchObject(refused);
    expect(await send('POST', '/v1/me/sessions/revoke-others')).toMatchObject(refused);
    expect(await send('PATCH', '/v1/me', { displayName: 'Eve' })).toMatchObject(refused);
    expect(await signIn(url, 'ada@example.com', { mode: 'cookie' }, headers)).toMatchObject(refused);
  }
  const byOrigin = { cookie, origin: 'https://accounts.example.com' };
  expect(await request(`${url}/v1/me/sessions/revoke-others`, 'POST', undefined, byOrigin)).toMatchObject({
    status: 204,
  });
  // Whoever sends a token in the header means that one.
  const both = { cookie, ...bearer('not.a.token') };
  expect(await request(`${url}/v1/me`, 'GET', undefined, both)).toMatchObject({ status: 401 });
});

test('one’s account can be seen and changed by whoever has seen it as it is', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  const { id: userId } = await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const mine = bearer(body.accessToken);
  const get = () => request(`${url}/v1/me`, 'GET', undefined, mine);
  const patch = (changes: unknown, headers: Record<string, string> = {}) =>
    request(`${url}/v1/me`, 'PATCH', changes, { 'content-type': 'application/merge-patch+json', ...mine, ...headers });

  const seen = await get();
  const etag = seen.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  expect(seen.headers.get('accept-patch')).toBe('application/merge-patch+json');
  expect(seen.body).toEqual({
    id: userId,
    email: 'ada@example.com',
    emailVerified: true,
    displayName: 'ada',
    locale: 'en',
    createdAt: expect.stringMatching(/Z$/),
  });

  expect(await patch({ locale: 'de' })).toMatchObject({ status: 428, body: { code: 'precondition_required' } });
  const changed = await patch({ displayName: 'Ada Lovelace', locale: 'en-gb' }, { 'if-match': etag });
  expect(changed).toMatchObject({ status: 200, body: { displayName: 'Ada Lovelace', locale: 'en-GB' } });
  expect(changed.headers.get('etag')).toBe((await get()).headers.get('etag'));
  for (const stale of [etag, `W/${changed.headers.get('etag')}`, '"x"', ''])
    expect(await patch({ locale: 'de' }, { 'if-match': stale })).toMatchObject({ status: 412 });
  const several = `"x", ${changed.headers.get('etag')}`;
  const removed = await patch({ displayName: null }, { 'if-match': several });
  expect(removed.status).toBe(200);
  expect(removed.body).not.toHaveProperty('displayName');
  // What is so already is no change, and no event.
  expect(await patch({ displayName: null, locale: 'en-GB' }, { 'if-match': '*' })).toMatchObject({ status: 200 });
  expect(await patch({ locale: null }, { 'if-match': '*' })).toMatchObject({ status: 400 });
  expect(await patch({ displayName: 'A\u0007' }, { 'if-match': '*' })).toMatchObject({ status: 400 });
  expect(await patch('{"displayName":', { 'if-match': '*' })).toMatchObject({ status: 400 });
  expect(await patch('x=1', { 'if-match': '*', 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
  expect(await recorded(servers, 'profile_updated')).toEqual([
    { userId, changedFields: ['displayName', 'locale'], displayName: 'Ada Lovelace', locale: 'en-GB' },
    { userId, changedFields: ['displayName'], displayName: null },
  ]);

  // Of ten who saw the same, one changes it.
  const now = (await get()).headers.get('etag') ?? '';
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => patch({ displayName: `Ada ${n}` }, { 'if-match': now })),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array(9).fill(412)]);
  // A sign-in is no change of what is shown.
  const before = (await get()).headers.get('etag');
  await signIn(url, 'ada@example.com');
  expect((await get()).headers.get('etag')).toBe(before);
});
