import { expect, test } from 'vitest';
import { addAccount, recorded, type Servers, signIn } from '../account-fixture.ts';
import { type Answer, password, readStream, request, unseal, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand. `ABUSE_ROUNDS=100` repeats the races for longer.

/** For a machine with other things to do. */
const patience = 60_000 + 60_000 * Number(process.env['ABUSE_ROUNDS'] ?? 3);
const rounds = Number(process.env['ABUSE_ROUNDS'] ?? 3);
const settings = { RATE_LIMIT_SCALE: '0', VERIFICATION_COOLDOWN_SECONDS: '0' };
const newPassword = 'a raven on a weathered gate';

const ask = (url: string, email: unknown, headers = {}) =>
  request(`${url}/v1/password-resets`, 'POST', { email }, headers);
const confirm = (url: string, body: unknown) => request(`${url}/v1/password-resets/confirm`, 'POST', body);

/** The secrets of the challenges that were issued, in their order; as many as there are by now. */
async function secretsOf(servers: Servers) {
  const issued = `select count(*)::int as n from outbox_event where stream = 'USER_CHALLENGES'`;
  const [row] = await servers.rows<{ n: number }>(issued);
  const events = await readStream(servers.nats.urls.operator, 'USER_CHALLENGES', row?.n ?? 0);
  return Promise.all(events.map(async ({ data }) => ({ ...(await unseal(data['sealed'])), email: data['email'] })));
}

async function lastSecret(servers: Servers) {
  const secret = (await secretsOf(servers)).at(-1);
  if (secret === undefined) throw new Error('No challenge was issued.');
  return secret;
}

/** What an onlooker can compare. */
function seen({ status, headers, body }: Answer): unknown {
  const varying = new Set(['date', 'x-request-id', 'ratelimit-remaining', 'ratelimit-reset']);
  return {
    status,
    headers: [...headers].filter(([name]) => !varying.has(name)),
    members: Object.keys(body).toSorted(),
  };
}

test('4 · a reset that is asked for twice within the cooldown answers 202, known and unknown alike, and sends one mail', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ VERIFICATION_COOLDOWN_SECONDS: '3600' });
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'verified');
  await addAccount(servers, 'unverified', { isVerified: false });
  await addAccount(servers, 'passwordless', { hasPassword: false });
  const answers = [];
  for (const name of ['verified', 'unverified', 'passwordless', 'nobody'])
    for (let time = 0; time < 2; time++) answers.push(seen(await ask(url, `${name}@example.com`)));
  expect(answers[0]).toMatchObject({ status: 202, members: ['flowId', 'status'] });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(await recorded(servers, 'password_reset_requested')).toHaveLength(3);
  expect((await secretsOf(servers)).filter((secret) => secret.email === email)).toHaveLength(1);
});

test('6 · a reset revokes all sessions, with their refresh tokens, and all open challenges', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const { id, email } = await addAccount(servers, 'ada');
  const sessions = [(await signIn(url, email)).body, (await signIn(url, email)).body];
  await servers.rows(
    `insert into challenge (id, user_id, purpose, email, token_hash, code_hash, code_expires_at, expires_at, created_at)
     values (gen_random_uuid(), $1, 'email_verification', $2, 't', 'c', now() + interval '1 hour', now() + interval '1 hour', now())`,
    [id, email],
  );
  await ask(url, email);
  const { token } = await lastSecret(servers);
  expect((await confirm(url, { token, newPassword })).status).toBe(204);
  for (const { accessToken, refreshToken } of sessions) {
    const bearer = { authorization: `Bearer ${accessToken}` };
    expect((await request(`${url}/v1/me`, 'GET', undefined, bearer)).status).toBe(401);
    expect((await request(`${url}/v1/sessions/refresh`, 'POST', { refreshToken })).status).toBe(401);
  }
  expect(await servers.rows('select 1 from session where ended_at is null')).toEqual([]);
  expect(await servers.rows('select 1 from challenge where used_at is null and superseded_at is null')).toEqual([]);
});

test('7 · GET, HEAD and a prefetch of the page change nothing', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  await ask(url, email);
  const { token } = await lastSecret(servers);
  for (const method of ['GET', 'HEAD']) {
    expect((await request(`${url}/reset`, method)).status).toBe(200);
    expect((await request(`${url}/v1/password-resets/confirm`, method)).status).not.toBe(204);
  }
  await request(`${url}/reset`, 'GET', undefined, { 'sec-purpose': 'prefetch' });
  expect((await confirm(url, { token, newPassword })).status).toBe(204);
});

test('8 · Host and X-Forwarded-* reach no mail: what goes to the email service holds no address of ours', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ ...settings, TRUSTED_PROXIES: '127.0.0.1' });
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  for (const headers of [{}, forged]) await ask(url, 'ada@example.com', headers);
  const events = await servers.rows<{ payload: Record<string, string>; headers: unknown }>(
    `select payload, headers from outbox_event where type = 'challenge.password_reset_issued.v1'`,
  );
  expect(events).toHaveLength(2);
  expect(JSON.stringify(events)).not.toMatch(/evil|203\.0\.113/);
  const [plain, other] = events.map(({ payload }) => Object.keys(payload).toSorted());
  expect(other).toEqual(plain);
});

test.each([
  ['9 · a list', ['ada@example.com', 'eve@example.com']],
  ['9 · a comma list', 'ada@example.com,eve@example.com'],
  ['9 · an operator', { $ne: '' }],
  ['10 · a zero width space', 'ad\u200ba@example.com'],
  ['10 · a full-width twin', 'ａda@example.com'],
  ['10 · a Kelvin sign', '\u212Ada@example.com'],
  ['11 · a line break', 'ada@example.com\r\nBcc: eve@example.com'],
  ['11 · a quoted local part', '"ada"@example.com'],
  ['11 · angle brackets', '<ada>@example.com'],
  ['11 · a NUL', 'ada\0@example.com'],
  ['11 · 255 octets', `ada@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com`],
])('%s where an address belongs is refused, and nothing is written', async (_what, email) => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  await addAccount(servers, 'ada');
  expect(await ask(service.urls.public, email)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(await servers.rows('select 1 from verification_flow union all select 1 from outbox_event')).toEqual([]);
});

test('9 · a key that comes twice is refused; 10 · case and IDN are one address, and mail goes to the stored one', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const twice = '{"email":"ada@example.com","email":"eve@example.com"}';
  expect((await request(`${url}/v1/password-resets`, 'POST', twice)).status).toBe(400);
  await addAccount(servers, 'ada');
  await servers.rows(
    `update "user" set email = 'ada@xn--bcher-kva.example', verified_email = 'ada@xn--bcher-kva.example'`,
  );
  await ask(url, 'ADA@Bücher.example');
  expect((await lastSecret(servers)).email).toBe('ada@xn--bcher-kva.example');
});

test(
  `12 · of fifty confirms at once one sets the password, and one event says so, ${rounds} times`,
  { timeout: patience },
  async () => {
    await using servers = await userServers();
    await using service = await servers.start(settings);
    await using replica = await servers.start(settings);
    const urls = [service.urls.public, replica.urls.public];
    for (let round = 0; round < rounds; round++) {
      const { email } = await addAccount(servers, `person${round}`);
      const { flowId } = (await ask(urls[0] ?? '', email)).body;
      const { token, code } = await lastSecret(servers);
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          // The first few by code, of which five tries are all there are.
          confirm(urls[n % 2] ?? '', { ...(n < 5 ? { flowId, code } : { token }), newPassword: `${newPassword} ${n}` }),
        ),
      );
      const winner = answers.findIndex(({ status }) => status === 204);
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      // A machine that is too busy for fifty says so; that is no second winner.
      const isLoser = ({ body }: Answer) => ['invalid_or_expired', 'unavailable', 'busy'].includes(body.code);
      expect(answers.filter(isLoser)).toHaveLength(49);
      expect((await signIn(urls[0] ?? '', email, { password: `${newPassword} ${winner}` })).status).toBe(201);
    }
    expect(await recorded(servers, 'password_reset_completed')).toHaveLength(rounds);
  },
);

test(
  `13 · confirming while others ask for resets, change and sign in: no deadlock, and what was answered holds, ${rounds} times`,
  { timeout: patience },
  async () => {
    await using servers = await userServers();
    await using service = await servers.start({ ...settings, ADDRESS_MAILS_PER_DAY: '1000' });
    const url = service.urls.public;
    for (let round = 0; round < rounds; round++) {
      const { email } = await addAccount(servers, `person${round}`);
      const { accessToken } = (await signIn(url, email)).body;
      await ask(url, email);
      const { token } = await lastSecret(servers);
      const [reset, change, ...others] = await Promise.all([
        confirm(url, { token, newPassword }),
        request(
          `${url}/v1/me/password`,
          'PUT',
          { currentPassword: password, newPassword: `${newPassword}, too` },
          { authorization: `Bearer ${accessToken}` },
        ),
        ...[1, 2, 3].map(() => ask(url, email)),
        ...[1, 2].map(() => request(`${url}/v1/verifications`, 'POST', { email })),
      ]);
      expect(others.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
      expect([204, 400]).toContain(reset.status);
      expect([204, 401]).toContain(change.status);
      // A reset that comes after the change is void, and a change after the reset does not know the password.
      expect([reset.status, change.status].filter((status) => status === 204).length).toBeLessThanOrEqual(1);
      const now = reset.status === 204 ? newPassword : change.status === 204 ? `${newPassword}, too` : password;
      expect((await signIn(url, email, { password: now })).status).toBe(201);
    }
  },
);

test(
  '14 · five wrong codes close the code, parallel ones too, and leave the link; asking anew gives few more',
  { timeout: patience },
  async () => {
    await using servers = await userServers();
    await using service = await servers.start({ ...settings, ADDRESS_MAILS_PER_DAY: '3' });
    const url = service.urls.public;
    const { email } = await addAccount(servers, 'ada');
    for (let asked = 0; asked < 4; asked++) {
      const { flowId } = (await ask(url, email)).body;
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => confirm(url, { flowId, code: String(n).padStart(8, '0'), newPassword })),
      );
    }
    expect(await servers.rows('select sum(code_tries)::int as tries, count(*)::int as n from challenge')).toEqual([
      { tries: 15, n: 3 },
    ]);
    const { token, code } = await lastSecret(servers);
    const { flowId } = (await ask(url, email)).body;
    expect((await confirm(url, { flowId, code, newPassword })).status).toBe(400);
    expect((await confirm(url, { token, newPassword })).status).toBe(204);
  },
);

test('15 · a code opens the reset of its own address alone, and no token is good for another purpose', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const [ada, eve] = [await addAccount(servers, 'ada'), await addAccount(servers, 'eve')];
  await ask(url, ada.email);
  const adas = await lastSecret(servers);
  const { flowId } = (await ask(url, eve.email)).body;
  expect((await confirm(url, { flowId, code: adas.code, newPassword })).status).toBe(400);

  await request(`${url}/v1/registrations`, 'POST', { email: 'bob@example.com', password });
  const bobs = await lastSecret(servers);
  expect((await confirm(url, { token: bobs.token, newPassword })).status).toBe(400);
  expect((await request(`${url}/v1/verifications/confirm`, 'POST', { token: adas.token })).status).toBe(400);
  expect((await request(`${url}/v1/verifications/confirm`, 'POST', { token: bobs.token })).status).toBe(200);
  expect((await confirm(url, { token: adas.token, newPassword })).status).toBe(204);
});

test('16 · a reset works neither after its use, nor after a newer one, a change of address or its time, by the clock of the database', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const { email } = await addAccount(servers, 'ada');
  const fresh = async () => {
    await ask(url, email);
    return (await lastSecret(servers)).token;
  };
  const used = await fresh();
  expect((await confirm(url, { token: used, newPassword })).status).toBe(204);
  const superseded = await fresh();
  const elsewhere = await fresh();
  await servers.rows(`update "user" set email = 'other@example.com', verified_email = 'other@example.com'`);
  for (const token of [used, superseded, elsewhere])
    expect(await confirm(url, { token, newPassword })).toMatchObject({
      status: 400,
      body: { code: 'invalid_or_expired' },
    });
  await servers.rows('update "user" set email = $1, verified_email = $1', [email]);
  const late = await fresh();
  await servers.rows(`update challenge set expires_at = now() - interval '1 second' where used_at is null`);
  expect((await confirm(url, { token: late, newPassword })).status).toBe(400);
  expect(await recorded(servers, 'password_reset_completed')).toHaveLength(1);
});

test(
  '17 · whoever tries all flows on one victim sends them no more than the cap, and the last link stays good',
  { timeout: patience },
  async () => {
    await using servers = await userServers();
    await using service = await servers.start({ ...settings, ADDRESS_MAILS_PER_DAY: '5' });
    const url = service.urls.public;
    const { email } = await addAccount(servers, 'ada');
    await addAccount(servers, 'bob', { isVerified: false });
    for (let time = 0; time < 8; time++)
      for (const victim of [email, 'bob@example.com']) {
        await ask(url, victim);
        await request(`${url}/v1/verifications`, 'POST', { email: victim });
        await request(`${url}/v1/registrations`, 'POST', { email: victim, password });
      }
    const sent = `select payload->>'email' as email, count(*)::int as n from outbox_event
    where stream = 'USER_CHALLENGES' group by 1 order by 1`;
    expect(await servers.rows(sent)).toEqual([
      { email: 'ada@example.com', n: 5 },
      { email: 'bob@example.com', n: 5 },
    ]);
    await servers.rows(`update mail_cooldown set mails_since = now() - interval '25 hours'`);
    await ask(url, email);
    expect((await servers.rows<{ n: number }>(sent))[0]?.n).toBe(6);
  },
);

test(
  '20 · whoever asks for mails that somebody does not get, or for notices without end, keeps no reset from them',
  { timeout: patience },
  async () => {
    await using servers = await userServers();
    await using service = await servers.start({ ...settings, ADDRESS_MAILS_PER_DAY: '4' });
    const url = service.urls.public;
    const { email } = await addAccount(servers, 'ada');
    for (let time = 0; time < 6; time++) {
      await request(`${url}/v1/verifications`, 'POST', { email });
      await request(`${url}/v1/registrations`, 'POST', { email, password });
    }
    await ask(url, email);
    expect(await recorded(servers, 'password_reset_requested')).toHaveLength(1);
  },
);

test('18 · a name that a stranger gave reaches no mail about a reset', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const displayName = 'Win at https://evil.example';
  await request(`${url}/v1/registrations`, 'POST', { email: 'ada@example.com', password, displayName });
  await ask(url, 'ada@example.com');
  const events = await servers.rows(`select payload from outbox_event where stream = 'USER_CHALLENGES'`);
  expect(JSON.stringify(events)).not.toContain('evil');
});

test('21 · a password of a megabyte is refused before anything is hashed', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const token = 'A'.repeat(64);
  expect((await confirm(url, { token, newPassword: 'x'.repeat(1_048_576) })).status).toBe(413);
  expect((await confirm(url, { token, newPassword: 'x'.repeat(4_097) })).status).toBe(400);
  expect((await confirm(url, { token, newPassword: varied(4_096) })).body.code).toBe('password_policy');
});

const varied = (length: number): string =>
  Array.from({ length }, (_, n) => String.fromCodePoint(0x61 + ((n * n * n) % 251))).join('');
