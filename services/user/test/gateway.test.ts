import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { addAccount, bearer, refresh, type Servers, signIn } from './account-fixture.ts';
import { request, userServers } from './user-service-fixture.ts';

const secret = 'a'.repeat(64);
const clients = `billing:${createHash('sha256').update(secret).digest('base64url')}`;
const basic = (id: string, text: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${text}`).toString('base64')}`,
});
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const paths = {
  traefik: ['GET', '/v1/authz/forward-auth'],
  nginx: ['GET', '/v1/authz/auth-request'],
  envoy: ['GET', '/v1/authz/ext-authz/orders/7?x=%2f..%2f'],
} as const;

async function signedIn(servers: Servers, url: string, name = 'ada') {
  const account = await addAccount(servers, name);
  const { body } = await signIn(url, account.email);
  return { account, ...body } as {
    account: { id: string };
    accessToken: string;
    refreshToken: string;
    session: { id: string };
  };
}

test('each kind of gateway is told whose request it is', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const { account, accessToken, session } = await signedIn(servers, service.urls.public);
  for (const [method, path] of Object.values(paths)) {
    const answer = await request(service.urls.gateway + path, method, undefined, bearer(accessToken));
    expect([path, answer.status, answer.body]).toEqual([path, 200, '']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'remote-user': account.id,
      'remote-roles': 'user',
      'remote-session': session.id,
      'remote-email-verified': 'true',
      'cache-control': 'no-store',
    });
  }
  // Whatever the request carries is none of the service's business.
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const headers = { ...bearer(accessToken), 'content-type': 'video/mp4' };
    const url = `${service.urls.gateway}/v1/authz/ext-authz/films`;
    expect((await request(url, method, 'x'.repeat(200_000), headers)).status).toBe(200);
  }
});

test('who has no token is told what is wanted, who has a bad one that it is no good', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  for (const [method, path] of Object.values(paths)) {
    const none = await request(service.urls.gateway + path, method);
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="postrider"']);
    for (const headers of [
      bearer('nonsense'),
      { authorization: 'Basic eDp5' },
      { cookie: '__Host-postrider-access=x', 'x-forwarded-method': 'GET', 'x-original-method': 'GET' },
    ]) {
      const bad = await request(service.urls.gateway + path, method, undefined, headers);
      expect([bad.status, bad.headers.get('www-authenticate'), bad.headers.get('remote-user')]).toEqual([
        401,
        'Bearer realm="postrider", error="invalid_token"',
        null,
      ]);
    }
  }
});

test('a cookie opens reading from anywhere, and changing only from our own pages, by the method of the request itself', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ PUBLIC_URL: 'https://app.example.com' });
  const { accessToken } = await signedIn(servers, service.urls.public);
  const ask = async (path: string, method: string, headers: Record<string, string>): Promise<number> =>
    (
      await request(service.urls.gateway + path, method, undefined, {
        cookie: `__Host-postrider-access=${accessToken}`,
        ...headers,
      })
    ).status;
  const own = { origin: 'https://app.example.com', 'sec-fetch-site': 'same-origin' };
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const forward = '/v1/authz/forward-auth';
  expect(await ask(forward, 'GET', { ...foreign, 'x-forwarded-method': 'GET' })).toBe(200);
  expect(await ask(forward, 'GET', { ...own, 'x-forwarded-method': 'POST' })).toBe(200);
  expect(await ask(forward, 'GET', { ...foreign, 'x-forwarded-method': 'POST' })).toBe(403);
  expect(await ask(forward, 'GET', foreign)).toBe(403);
  expect(await ask('/v1/authz/auth-request', 'GET', { ...foreign, 'x-original-method': 'DELETE' })).toBe(403);
  expect(await ask('/v1/authz/auth-request', 'GET', { 'x-original-method': 'GET' })).toBe(200);
  expect(await ask('/v1/authz/ext-authz/x', 'PUT', foreign)).toBe(403);
  expect(await ask('/v1/authz/ext-authz/x', 'PUT', own)).toBe(200);
});

test('what the gateway asks is not asked on the other listeners', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  for (const url of [service.urls.public, service.urls.admin])
    for (const [method, path] of [...Object.values(paths), ['POST', '/v1/token/introspect'] as const])
      expect((await request(url + path, method)).status).toBe(404);
});

test('a known client learns what a token is good for, and ends it; nobody else does', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ GATEWAY_CLIENTS: clients });
  const { account, accessToken, refreshToken, session } = await signedIn(servers, service.urls.public);
  const call = async (path: string, body: string, headers: Record<string, string> = basic('billing', secret)) =>
    request(`${service.urls.gateway}/v1/token/${path}`, 'POST', body, { ...form, ...headers });

  for (const headers of [
    {},
    basic('billing', 'b'.repeat(64)),
    basic('nobody', secret),
    basic('billing', ''),
    bearer(accessToken),
  ]) {
    const refused = await call('introspect', `token=${accessToken}`, headers);
    expect(refused).toMatchObject({ status: 401, body: { code: 'invalid_client' } });
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="postrider"');
  }
  expect((await call('introspect', `token=a&token=b`)).status).toBe(400);
  expect((await call('introspect', '')).status).toBe(400);
  expect(
    (await call('introspect', '{}', { ...basic('billing', secret), 'content-type': 'application/json' })).status,
  ).toBe(415);

  const known = { active: true, sub: account.id, sid: session.id };
  const inForm = await call('introspect', `token=${accessToken}&client_id=billing&client_secret=${secret}`, {});
  expect(inForm).toMatchObject({
    status: 200,
    body: { ...known, token_type: 'Bearer', exp: expect.any(Number), iat: expect.any(Number), iss: expect.any(String) },
  });
  expect(await call('introspect', `token=${refreshToken}&token_type_hint=refresh_token`)).toMatchObject({
    body: { ...known, token_type: 'refresh_token' },
  });
  expect((await call('introspect', 'token=nonsense')).body).toEqual({ active: false });

  expect(await call('revoke', `token=${refreshToken}`)).toMatchObject({ status: 200 });
  expect(await call('revoke', `token=${refreshToken}`)).toMatchObject({ status: 200 });
  for (const token of [accessToken, refreshToken])
    expect((await call('introspect', `token=${token}`)).body).toEqual({ active: false });
  expect((await refresh(service.urls.public, refreshToken)).status).toBe(401);
});

test('many questions at once share statements, and each gets its own answer', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const people = await Promise.all(['ada', 'bob', 'eve'].map((name) => signedIn(servers, service.urls.public, name)));
  await request(
    `${service.urls.public}/v1/sessions/current`,
    'DELETE',
    undefined,
    bearer(people[2]?.accessToken ?? ''),
  );
  const answers = await Promise.all(
    Array.from({ length: 90 }, async (_, n) => {
      const person = people[n % 3];
      const url = `${service.urls.gateway}/v1/authz/forward-auth`;
      const answer = await request(url, 'GET', undefined, bearer(person?.accessToken ?? ''));
      return answer.headers.get('remote-user') === person?.account.id ? 'own' : answer.status;
    }),
  );
  expect(answers).toEqual(Array.from({ length: 90 }, (_, n) => (n % 3 === 2 ? 401 : 'own')));
});

test('without its database the service lets nobody through, and says that it can’t tell', async () => {
  await using servers = await userServers();
  await using service = await servers.boot({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  const answer = await request(`${service.urls.gateway}/v1/authz/forward-auth`, 'GET', undefined, bearer('x.y.z'));
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
});
