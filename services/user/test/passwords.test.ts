import { expect, test } from 'vitest';
import { createPasswordHasher } from '../src/accounts/password-hasher.ts';
import { addAccount, bearer, recorded, type Servers, signIn } from './account-fixture.ts';
import { password, readStream, request, unseal, userServers } from './user-service-fixture.ts';

const newPassword = 'a raven on a weathered gate';

const ask = (url: string, email: string) => request(`${url}/v1/password-resets`, 'POST', { email });
const confirm = (url: string, body: unknown) => request(`${url}/v1/password-resets/confirm`, 'POST', body);
const change = (url: string, accessToken: string, body: unknown) =>
  request(`${url}/v1/me/password`, 'PUT', body, bearer(accessToken));

/** What the mail of the last reset holds, once there were so many. */
async function secretsOf(servers: Servers, count = 1) {
  const events = await readStream(servers.nats.urls.operator, 'USER_CHALLENGES', count);
  const last = events.at(-1);
  expect(last?.header('ce-type')).toBe('challenge.password_reset_issued.v1');
  return unseal(last?.data['sealed']);
}

test('a reset by link: a mail is asked for, the link sets a password once, and all sessions end', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { id, email } = await addAccount(servers, 'ada');
  const { body: session } = await signIn(url, email);
  await signIn(url, email);

  expect(await ask(url, email)).toMatchObject({ status: 202, body: { status: 'pending' } });
  const { token } = await secretsOf(servers);
  expect(await recorded(servers, 'password_reset_requested')).toMatchObject([{ userId: id }]);
  expect(await confirm(url, { token, newPassword })).toMatchObject({ status: 204 });
  expect(await confirm(url, { token, newPassword })).toMatchObject({
    status: 400,
    body: { code: 'invalid_or_expired' },
  });

  expect((await signIn(url, email)).status).toBe(401);
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
  const me = await request(`${url}/v1/me`, 'GET', undefined, bearer(session.accessToken));
  expect(me.status).toBe(401);
  expect(await recorded(servers, 'password_reset_completed')).toMatchObject([{ userId: id, sessionsRevoked: 2 }]);
  expect(await recorded(servers, 'session_revoked')).toMatchObject([{ sessionId: 'all', reason: 'password_reset' }]);
});

test('a reset by flow and code; a password that is refused spends neither a try nor the code', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada.lovelace');
  const { flowId } = (await ask(url, email)).body;
  const { code, token } = await secretsOf(servers);
  for (const weak of ['short', 'passwordpassword', 'ada.lovelace@example.com'])
    for (const proof of [{ flowId, code }, { token }])
      expect(await confirm(url, { ...proof, newPassword: weak })).toMatchObject({
        status: 422,
        body: { code: 'password_policy' },
      });
  expect(await servers.rows('select code_tries, used_at from challenge')).toEqual([{ code_tries: 0, used_at: null }]);
  expect((await confirm(url, { flowId, code, newPassword })).status).toBe(204);
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
});

test('whoever resets the password of an address that nobody proved has proved it; no earlier password opens the account', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ VERIFICATION_COOLDOWN_SECONDS: '0' });
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada', { isVerified: false });
  await request(`${url}/v1/registrations`, 'POST', { email, password: 'somebody else typed this' });
  await ask(url, email);
  const { token } = await secretsOf(servers, 2);
  expect((await confirm(url, { token, newPassword })).status).toBe(204);
  expect((await signIn(url, email)).status).toBe(401);
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
  expect(await recorded(servers, 'email_verified')).toMatchObject([{ method: 'link' }]);
  expect(
    await servers.rows('select count(*)::int as n from challenge where used_at is null and superseded_at is null'),
  ).toEqual([{ n: 0 }]);
});

test('a change needs the old password, ends the other sessions and the open resets, and keeps this one', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { id, email } = await addAccount(servers, 'ada');
  const { accessToken, session } = (await signIn(url, email)).body;
  await signIn(url, email);
  await ask(url, email);
  const { token } = await secretsOf(servers);

  expect(await change(url, accessToken, { currentPassword: 'not my password at all', newPassword })).toMatchObject({
    status: 401,
    body: { code: 'invalid_credentials' },
  });
  expect(await change(url, accessToken, { currentPassword: password, newPassword: 'too short' })).toMatchObject({
    status: 422,
  });
  expect((await change(url, accessToken, { currentPassword: password, newPassword })).status).toBe(204);

  expect((await request(`${url}/v1/me`, 'GET', undefined, bearer(accessToken))).status).toBe(200);
  expect((await confirm(url, { token, newPassword: 'yet another one of mine' })).status).toBe(400);
  expect((await signIn(url, email, { password: newPassword })).status).toBe(201);
  expect(await recorded(servers, 'password_changed')).toMatchObject([{ userId: id, sessionsRevoked: 1 }]);
  expect(await recorded(servers, 'session_revoked')).toMatchObject([
    { sessionId: 'all', exceptSessionId: session.id, reason: 'password_changed' },
  ]);
});

test('a change can leave the other sessions alone', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const [one, two] = [(await signIn(url, email)).body, (await signIn(url, email)).body];
  await change(url, one.accessToken, { currentPassword: password, newPassword, revokeOthers: false });
  expect((await request(`${url}/v1/me`, 'GET', undefined, bearer(two.accessToken))).status).toBe(200);
});

test('of ten changes at once one counts', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const { accessToken } = (await signIn(url, email)).body;
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      change(url, accessToken, { currentPassword: password, newPassword: `${newPassword} ${n}` }),
    ),
  );
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(await recorded(servers, 'password_changed')).toHaveLength(1);
});

test('proving the password again counts for five minutes and for this session', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const { accessToken, session } = (await signIn(url, email)).body;
  const prove = (secret: string) =>
    request(`${url}/v1/me/reauthentications`, 'POST', { password: secret }, bearer(accessToken));
  expect((await prove('not my password at all')).status).toBe(401);
  const before = Date.now();
  const { status, body } = await prove(password);
  expect(status).toBe(201);
  expect(Date.parse(body.until)).toBeGreaterThan(before + 299_000);
  expect(await servers.rows('select session_id from reauthentication where valid_until > now()')).toEqual([
    { session_id: session.id },
  ]);
});

test('a stolen session can’t be used to guess the password: tries are counted before they are compared', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const { accessToken } = (await signIn(url, email)).body;
  const guesses = await Promise.all(
    Array.from({ length: 25 }, (_, n) =>
      change(url, accessToken, { currentPassword: `a guess, number ${n}`, newPassword }),
    ),
  );
  expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
  const [refused] = guesses.filter(({ status }) => status === 429);
  expect(refused?.body.code).toBe('too_many_tries');
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await signIn(url, email)).status).toBe(201); // Nobody is locked out.
});

test('a password that was hashed more cheaply is hashed anew when its owner signs in', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const { email } = await addAccount(servers, 'ada');
  const former = createPasswordHasher({ parameters: { memoryCost: 8_192, timeCost: 1, parallelism: 1 } });
  await servers.rows('update "user" set password_hash = $1', [await former.hash(password)]);
  for (let round = 0; round < 2; round++) expect((await signIn(service.urls.public, email)).status).toBe(201);
  const [user] = await servers.rows<{ password_hash: string }>('select password_hash from "user"');
  expect(user?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});
