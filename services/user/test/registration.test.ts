import { expect, test } from 'vitest';
import { password, readStream, request, unseal, userServers } from './user-service-fixture.ts';

const challengesOf = async (servers: Awaited<ReturnType<typeof userServers>>, count: number) =>
  readStream(servers.nats.urls.operator, 'USER_CHALLENGES', count);
const newest = <T>(items: T[]): T => {
  const item = items.at(-1);
  if (item === undefined) throw new Error('There is none.');
  return item;
};

test('registering answers 202, and publishes the account and a sealed challenge with the trace of the request', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const answer = await request(
    `${service.urls.public}/v1/registrations`,
    'POST',
    { email: 'Ada@Example.com', password, displayName: 'Ada', locale: 'de-at' },
    { traceparent },
  );
  expect(answer).toMatchObject({
    status: 202,
    body: { status: 'pending', flowId: expect.stringMatching(/^[\da-f-]{36}$/) },
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');

  const [registered] = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 1);
  expect(registered?.data).toMatchObject({
    email: 'ada@example.com',
    displayName: 'Ada',
    locale: 'de-AT',
    source: 'self',
  });
  expect(registered?.subject).toBe(`user.v1.registered.${registered?.data['userId']}`);
  expect(registered?.header('ce-type')).toBe('user.registered.v1');
  expect(registered?.header('ce-source')).toBe('/postrider/user');
  expect(registered?.header('Nats-Msg-Id')).toBe(registered?.header('ce-id'));
  expect(registered?.header('traceparent')).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01$/);

  const [issued] = await challengesOf(servers, 1);
  expect(issued?.data).toMatchObject({ email: 'ada@example.com', locale: 'de-AT', userId: registered?.data['userId'] });
  const secondsToLive = Number(/^(\d+)s$/.exec(issued?.header('Nats-TTL') ?? '')?.[1]);
  expect(secondsToLive).toBeGreaterThan(86_000);
  expect(secondsToLive).toBeLessThanOrEqual(86_400);
  expect(await unseal(issued?.data['sealed'])).toMatchObject({
    token: expect.stringMatching(/^[\w-]{64}$/),
    code: expect.stringMatching(/^\d{8}$/),
  });
});

test('the link confirms once: of fifty parallel callers one succeeds, and one event is published', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  await request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password });
  const { token } = await unseal((await challengesOf(servers, 1))[0]?.data['sealed']);
  const confirm = () => request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { token });
  const answers = await Promise.all(Array.from({ length: 50 }, confirm));
  expect(answers.filter(({ status }) => status === 200).map(({ body }) => body)).toEqual([{ status: 'verified' }]);
  expect(answers.filter(({ status, body }) => status === 400 && body.code === 'invalid_or_expired')).toHaveLength(49);
  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 2);
  expect(events.map(({ header }) => header('ce-type'))).toEqual(['user.registered.v1', 'user.email_verified.v1']);
  expect(events[1]?.data).toMatchObject({ email: 'ada@example.com', method: 'link' });
  expect(
    await servers.rows(`select count(*)::int as n from outbox_event where type = 'user.email_verified.v1'`),
  ).toEqual([{ n: 1 }]);
});

test('flow and code confirm once; five wrong tries close the code and leave the link', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const register = (email: string) => request(`${url}/v1/registrations`, 'POST', { email, password });
  const confirm = (body: unknown) => request(`${url}/v1/verifications/confirm`, 'POST', body);

  const ada = await register('ada@example.com');
  const eve = await register('eve@example.com');
  const secrets = await Promise.all((await challengesOf(servers, 2)).map(({ data }) => unseal(data['sealed'])));
  const [adas, eves] = secrets;
  const wrong = (code: string | undefined) => String((Number(code) + 1) % 100_000_000).padStart(8, '0');

  expect((await confirm({ flowId: eve.body.flowId, code: adas?.code })).body.code).toBe('invalid_or_expired');
  expect(await confirm({ flowId: ada.body.flowId, code: adas?.code })).toMatchObject({ status: 200 });
  expect(await confirm({ flowId: ada.body.flowId, code: adas?.code })).toMatchObject({ status: 400 });
  expect(await confirm({ token: adas?.token })).toMatchObject({ status: 400 });

  for (let i = 0; i < 4; i++) await confirm({ flowId: eve.body.flowId, code: wrong(eves?.code) });
  expect(await confirm({ flowId: eve.body.flowId, code: eves?.code })).toMatchObject({ status: 400 });
  expect(await confirm({ token: eves?.token })).toMatchObject({ status: 200 });
});

test('parallel guesses are counted like successive ones', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const { body } = await request(`${service.urls.public}/v1/registrations`, 'POST', {
    email: 'ada@example.com',
    password,
  });
  const guess = (code: string) =>
    request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { flowId: body.flowId, code });
  await Promise.all(Array.from({ length: 30 }, (_, i) => guess(String(i).padStart(8, '0'))));
  expect(await servers.rows('select code_tries from challenge')).toEqual([{ code_tries: 5 }]);
});

test('registering an address again answers the same and changes nothing: a verified one gets a notice, an unverified one no second mail within the cooldown', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ VERIFICATION_COOLDOWN_SECONDS: '3600' });
  const register = () =>
    request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password });
  const first = await register();
  const again = await register();
  expect(Object.keys(again.body)).toEqual(Object.keys(first.body));
  expect(again.body.flowId).not.toBe(first.body.flowId);
  expect(await servers.rows('select count(*)::int as n from challenge')).toEqual([{ n: 1 }]);

  // Both flows work with the one code that was mailed.
  const { code } = await unseal((await challengesOf(servers, 1))[0]?.data['sealed']);
  expect(
    await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { flowId: again.body.flowId, code }),
  ).toMatchObject({ status: 200 });

  await servers.rows(`update mail_cooldown set last_at = now() - interval '2 hours'`);
  const third = await register();
  expect(third).toMatchObject({ status: 202, body: { status: 'pending' } });
  const events = await challengesOf(servers, 2);
  expect(events.map(({ header }) => header('ce-type'))).toEqual([
    'challenge.email_verification_issued.v1',
    'challenge.registration_attempted.v1',
  ]);
  await register();
  expect(
    await servers.rows(
      `select count(*)::int as n from outbox_event where type = 'challenge.registration_attempted.v1'`,
    ),
  ).toEqual([{ n: 1 }]);
  expect(
    await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { flowId: third.body.flowId, code }),
  ).toMatchObject({ status: 400 });
});

test('whoever verifies an address for which two passwords were submitted gets an account that neither opens', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const register = (secret: string) =>
    request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password: secret });
  await register(password);
  await register('another long password of mine');
  const { token } = await unseal((await challengesOf(servers, 1))[0]?.data['sealed']);
  await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { token });
  expect(await servers.rows('select password_hash, verified_email from "user"')).toEqual([
    { password_hash: null, verified_email: 'ada@example.com' },
  ]);
});

test('twenty parallel registrations of one new address make one account and one challenge', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(
    await servers.rows(
      'select (select count(*) from "user")::int as users, (select count(*) from challenge)::int as challenges',
    ),
  ).toEqual([{ users: 1, challenges: 1 }]);
  // A double click is one person: whoever confirms keeps the password.
  const { token } = await unseal((await challengesOf(servers, 1))[0]?.data['sealed']);
  await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { token });
  expect(await servers.rows('select password_hash is null as is_lost from "user"')).toEqual([{ is_lost: false }]);
});

test('confirming while the same address registers and resends: nobody meets a deadlock', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ VERIFICATION_COOLDOWN_SECONDS: '0' });
  const url = service.urls.public;
  const people = Array.from({ length: 12 }, (_, n) => `person${n}@example.com`);
  for (const email of people) await request(`${url}/v1/registrations`, 'POST', { email, password });
  const issued = await challengesOf(servers, people.length);
  const rounds = issued.map(async ({ data }) => {
    const { email } = data;
    const { token } = await unseal(data['sealed']);
    const answers = await Promise.all([
      request(`${url}/v1/verifications/confirm`, 'POST', { token }),
      ...[1, 2, 3].map(() => request(`${url}/v1/verifications`, 'POST', { email })),
      request(`${url}/v1/registrations`, 'POST', { email, password }),
    ]);
    expect(answers.slice(1).map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect([200, 400]).toContain(answers[0].status);
  });
  await Promise.all(rounds);
});

test('resending answers 202 always; after the cooldown a new challenge supersedes the old one, and the flow stays good', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const url = service.urls.public;
  const { body } = await request(`${url}/v1/registrations`, 'POST', { email: 'ada@example.com', password });
  const resend = (what: unknown) => request(`${url}/v1/verifications`, 'POST', what);
  const same = { status: 202, body: { status: 'pending' } };
  expect(await resend({ email: 'ada@example.com' })).toMatchObject(same);
  expect(await resend({ email: 'nobody@example.com' })).toMatchObject(same);
  expect(await resend({ flowId: '7f1f6f9e-5a0c-4d8e-9f0a-0b1c2d3e4f50' })).toMatchObject(same);
  expect(await servers.rows('select count(*)::int as n from challenge')).toEqual([{ n: 1 }]);

  await servers.rows(`update mail_cooldown set last_at = now() - interval '2 minutes'`);
  expect(await resend({ flowId: body.flowId })).toMatchObject(same);
  const [old, fresh] = await Promise.all((await challengesOf(servers, 2)).map(({ data }) => unseal(data['sealed'])));
  expect(await request(`${url}/v1/verifications/confirm`, 'POST', { token: old?.token })).toMatchObject({
    status: 400,
  });
  expect(
    await request(`${url}/v1/verifications/confirm`, 'POST', { flowId: body.flowId, code: fresh?.code }),
  ).toMatchObject({ status: 200 });
});

test('a stranger who asked for a mail to an unknown address a moment ago does not keep its owner from theirs', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  await request(`${service.urls.public}/v1/verifications`, 'POST', { email: 'ada@example.com' });
  await request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password });
  expect(await challengesOf(servers, 1)).toHaveLength(1);
});

test('the state of a challenge can be seen without changing it', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  await request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'ada@example.com', password });
  const [issued] = await challengesOf(servers, 1);
  const { token } = await unseal(issued?.data['sealed']);
  const look = () => request(`${service.urls.public}/v1/verifications/${issued?.data['challengeId']}`, 'GET');
  expect(await look()).toMatchObject({ status: 200, body: { state: 'open', expiresAt: issued?.data['expiresAt'] } });
  expect((await look()).body.state).toBe('open');
  await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { token });
  expect((await look()).body.state).toBe('closed');
  expect(
    await request(`${service.urls.public}/v1/verifications/00000000-0000-4000-8000-000000000000`, 'GET'),
  ).toMatchObject({ status: 404, body: { code: 'not_found' } });
});

test('an expired challenge confirms nothing, by the clock of the database', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const { body } = await request(`${service.urls.public}/v1/registrations`, 'POST', {
    email: 'ada@example.com',
    password,
  });
  const { token, code } = await unseal(newest(await challengesOf(servers, 1)).data['sealed']);
  await servers.rows(`update challenge set code_expires_at = now() - interval '1 second'`);
  expect(
    await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { flowId: body.flowId, code }),
  ).toMatchObject({ status: 400 });
  await servers.rows(`update challenge set expires_at = now() - interval '1 second'`);
  expect(await request(`${service.urls.public}/v1/verifications/confirm`, 'POST', { token })).toMatchObject({
    status: 400,
  });
});

test.each([
  ['an unknown field', { email: 'ada@example.com', password, role: 'admin' }, 400, 'invalid_request'],
  ['a list of addresses', { email: ['ada@example.com', 'eve@example.com'], password }, 400, 'invalid_request'],
  ['an operator', { email: { $ne: '' }, password }, 400, 'invalid_request'],
  [
    'a line break in the address',
    { email: 'ada@example.com\r\nBcc: eve@example.com', password },
    400,
    'invalid_request',
  ],
  [
    'a control character in the name',
    { email: 'ada@example.com', password, displayName: 'A\u0007da' },
    400,
    'invalid_request',
  ],
  ['no password', { email: 'ada@example.com' }, 400, 'invalid_request'],
  ['a short password', { email: 'ada@example.com', password: 'short' }, 422, 'password_policy'],
  ['no JSON', '{"email":', 400, 'invalid_request'],
])('registering with %s is refused as problem+json and writes nothing', async (_what, body, status, code) => {
  await using servers = await userServers();
  await using service = await servers.start({ EVENTS_ENABLED: 'false' });
  const answer = await request(`${service.urls.public}/v1/registrations`, 'POST', body);
  expect(answer).toMatchObject({
    status,
    body: { status, code, title: expect.any(String), instance: answer.headers.get('x-request-id') },
  });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(JSON.stringify(answer.body)).not.toContain(password);
  expect(await servers.rows('select 1 from "user" union all select 1 from outbox_event')).toEqual([]);
});

test('pages, documents, health and refusals of the edge', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const { public: url, gateway, admin } = service.urls;

  const page = await request(`${url}/confirm`, 'GET');
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-/,
  );
  expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  expect(page.body).toContain('Confirm your address');

  const { body: api } = await request(`${url}/openapi.json`, 'GET');
  expect(api.openapi).toBe('3.1.0');
  expect(Object.keys(api.paths)).toEqual(
    expect.arrayContaining([
      '/v1/registrations',
      '/v1/verifications',
      '/v1/verifications/{challengeId}',
      '/v1/verifications/confirm',
    ]),
  );
  expect(api.components.schemas.Problem).toBeDefined();

  expect(await request(`${url}/docs/`, 'GET')).toMatchObject({
    status: 200,
    body: expect.stringContaining('/openapi.json'),
  });
  expect(await request(`${url}/v1/nothing`, 'GET')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await request(`${url}/v1/registrations`, 'POST', 'email=ada', { 'content-type': 'text/plain' })).toMatchObject(
    { status: 415 },
  );
  expect(
    await request(`${url}/v1/registrations`, 'POST', { email: 'ada@example.com', password: 'x'.repeat(70_000) }),
  ).toMatchObject({ status: 413 });
  for (const listener of [url, gateway, admin]) {
    expect(await request(`${listener}/livez`, 'GET')).toMatchObject({ status: 200 });
    await expect.poll(async () => (await request(`${listener}/readyz`, 'GET')).body.status).toBe('ready');
  }
  expect(await request(`${admin}/v1/registrations`, 'POST', { email: 'ada@example.com', password })).toMatchObject({
    status: 404,
  });
});
