import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { addAccount, bearer, signIn } from '../account-fixture.ts';
import { type Answer, request, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand. The corpus of forged tokens is beside what verifies them,
// src/sessions/tokens/access-token.test.ts; here is what the service says to some of them.

const quiet = { EVENTS_ENABLED: 'false' };

test('25 · forged access tokens are refused on every route that takes one, all with the same answer', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  const { id } = await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const [header = '', payload = '', signature = ''] = body.accessToken.split('.');
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const jwk = await exportJWK(publicKey);
  const forged = [
    `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).toString('base64url')}.${payload}.`,
    await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, jwk }).sign(privateKey),
    await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(privateKey),
    `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: randomUUID() })).toString('base64url')}.${signature}`,
    'x',
    body.refreshToken,
    `${header}.${payload}.${'A'.repeat(12_000)}`,
  ];
  const routes: [string, string][] = [
    ['GET', '/v1/me'],
    ['PATCH', '/v1/me'],
    ['GET', '/v1/me/sessions'],
    ['DELETE', `/v1/me/sessions/${body.session.id}`],
    ['POST', '/v1/me/sessions/revoke-others'],
    ['DELETE', '/v1/sessions/current'],
  ];
  for (const [method, path] of routes) {
    const send = (headers: Record<string, string>): Promise<Answer> =>
      request(`${url}${path}`, method, method === 'PATCH' ? {} : undefined, headers);
    for (const token of forged)
      expect(await send(bearer(token))).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    for (const authorization of ['', 'Bearer', `Basic ${body.accessToken}`, `Bearer  ${body.accessToken}`])
      expect(await send({ authorization })).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    expect(await send({})).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  }
  // More than Node reads as headers: refused before any of it is looked at.
  expect((await request(`${url}/v1/me`, 'GET', undefined, bearer('x'.repeat(1_000_000)))).status).toBe(431);
  expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(body.accessToken))).toMatchObject({ body: { id } });
});

test('26 · an access token is refused at once when its session has ended, however it ended', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body: keeper } = await signIn(url, 'ada@example.com');
  const endings: ((one: Answer['body']) => Promise<unknown>)[] = [
    (one) => request(`${url}/v1/sessions/current`, 'DELETE', undefined, bearer(one.accessToken)),
    (one) => request(`${url}/v1/me/sessions/${one.session.id}`, 'DELETE', undefined, bearer(keeper.accessToken)),
    () => request(`${url}/v1/me/sessions/revoke-others`, 'POST', undefined, bearer(keeper.accessToken)),
    (one) => servers.rows(`update session set expires_at = now() where id = $1`, [one.session.id]),
    (one) => servers.rows(`delete from session where id = $1`, [one.session.id]),
  ];
  for (const end of endings) {
    const { body } = await signIn(url, 'ada@example.com');
    const me = () => request(`${url}/v1/me`, 'GET', undefined, bearer(body.accessToken));
    expect(await me()).toMatchObject({ status: 200 });
    await end(body);
    expect(await me()).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  }
});

test('29 · a change of the profile takes the fields it names and no other', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const before = await servers.rows('select * from "user"');
  const patch = (changes: unknown) =>
    request(`${url}/v1/me`, 'PATCH', changes, {
      'content-type': 'application/merge-patch+json',
      'if-match': '*',
      ...bearer(body.accessToken),
    });
  const hostile: unknown[] = [
    { role: 'admin' },
    { roles: ['admin'] },
    { id: randomUUID() },
    { email: 'eve@example.com' },
    { emailVerified: false },
    { verifiedEmail: 'eve@example.com' },
    { passwordHash: 'x' },
    { version: 7 },
    { displayName: 'Eve', role: 'admin' },
    { displayName: ['Eve'] },
    { displayName: { $set: 'Eve' } },
    { locale: { toString: 'en' } },
    { constructor: { prototype: { isAdmin: true } } },
    '{"__proto__":{"isAdmin":true}}',
    '{"displayName":"Ada","displayName":"Eve"}',
    [],
    'null',
    '"text"',
  ];
  for (const changes of hostile) expect({ changes, ...(await patch(changes)) }).toMatchObject({ status: 400 });
  expect(await servers.rows('select * from "user"')).toEqual(before);
  expect(await patch({})).toMatchObject({ status: 200 });
});

test('31, 37 · other people’s sessions do not exist for anybody, nor does what is no session', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  await addAccount(servers, 'eve');
  const { body: ada } = await signIn(url, 'ada@example.com');
  const { body: eve } = await signIn(url, 'eve@example.com');
  const asEve = (method: string, path: string) => request(`${url}${path}`, method, undefined, bearer(eve.accessToken));
  const told = ({ status, body: { instance: _anew, ...rest } }: Answer) => ({ status, rest });
  const none = told(await asEve('DELETE', `/v1/me/sessions/${randomUUID()}`));
  expect(none.status).toBe(404);
  expect(told(await asEve('DELETE', `/v1/me/sessions/${ada.session.id}`))).toEqual(none);
  expect(await asEve('DELETE', '/v1/me/sessions/1%20or%201=1')).toMatchObject({ status: 400 });
  const listed = await asEve('GET', `/v1/me/sessions?cursor=${ada.session.id}`);
  expect(listed.body.sessions.map(({ id }: { id: string }) => id)).not.toContain(ada.session.id);
  for (const query of ['cursor=x', 'cursor[]=x', 'limit=0', 'limit=1e9', 'limit[$gt]=1', `userId=${ada.session.id}`])
    expect({ query, ...(await asEve('GET', `/v1/me/sessions?${query}`)) }).toMatchObject({ status: 400 });
  expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(ada.accessToken))).toMatchObject({ status: 200 });
});

test('36 · sessions and accounts of people are served to clients alone, not where gateways and operators listen', async () => {
  await using servers = await userServers();
  await using service = await servers.start(quiet);
  const { email } = await addAccount(servers, 'ada');
  for (const listener of [service.urls.gateway, service.urls.admin]) {
    expect(await signIn(listener, email)).toMatchObject({ status: 404 });
    expect(await request(`${listener}/v1/me`, 'GET')).toMatchObject({ status: 404 });
  }
});
