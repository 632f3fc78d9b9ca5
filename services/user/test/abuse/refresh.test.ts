import { expect, test } from 'vitest';
import { createRefreshTokens } from '../../src/sessions/tokens/refresh-token.ts';
import { addAccount, bearer, recorded, refresh, type Servers, signIn } from '../account-fixture.ts';
import { type Answer, request, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand. `ABUSE_ROUNDS=100` repeats the races for longer.

const rounds = Number(process.env['ABUSE_ROUNDS'] ?? 3);
/** Longer than any machine takes, so that only what a test lets pass is over. */
const graceSeconds = 1_000;
const settings = {
  EVENTS_ENABLED: 'false',
  RATE_LIMIT_SCALE: '0',
  REFRESH_GRACE_SECONDS: String(graceSeconds),
};
const at = <T>(items: readonly T[], index: number): T => {
  const item = items.at(index);
  if (item === undefined) throw new Error(`There is none at ${index}.`);
  return item;
};
/** As if so much time had passed since tokens were exchanged. */
const passes = (servers: Servers, seconds: number) =>
  servers.rows(`update spent_refresh_token set spent_at = spent_at - $1 * interval '1 second'`, [seconds]);
const tokensOf = (answers: Answer[]) => new Set(answers.map(({ body }) => body.refreshToken));

test(
  `22, 24 · of fifty refreshes at once one exchanges the token, and all get its one successor, ${rounds} times`,
  async () => {
    await using servers = await userServers();
    await using service = await servers.start(settings);
    await using replica = await servers.start(settings);
    const urls = [service.urls.public, replica.urls.public];
    await addAccount(servers, 'ada');
    const { body } = await signIn(at(urls, 0), 'ada@example.com');
    let token = body.refreshToken;
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => refresh(at(urls, n % 2), token)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const successors = tokensOf(answers);
      expect(successors.size).toBe(1);
      expect(successors).not.toContain(token);
      // Each access token is its own, and good.
      const { accessToken } = at(answers, round % 50).body;
      expect(await request(`${at(urls, 0)}/v1/me`, 'GET', undefined, bearer(accessToken))).toMatchObject({
        status: 200,
      });
      [token] = successors;
    }
    expect(await servers.rows('select count(*)::int as n from spent_refresh_token')).toEqual([{ n: rounds }]);
    expect(await recorded(servers, 'refresh_token_reused')).toEqual([]);
  },
  60_000 + rounds * 5_000,
);

test('22 · a tab that comes late with an older token gets the newest one, and its browser keeps what the others have', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const second = (await refresh(url, body.refreshToken)).body.refreshToken;
  const third = (await refresh(url, second)).body.refreshToken;
  for (const token of [body.refreshToken, second]) expect((await refresh(url, token)).body.refreshToken).toBe(third);
  // Within their grace each by itself: the first one's is over, the second one's is not.
  await servers.rows(
    `update spent_refresh_token set spent_at = now() - interval '1001 seconds'
     where spent_at = (select min(spent_at) from spent_refresh_token)`,
  );
  expect((await refresh(url, second)).body.refreshToken).toBe(third);
  expect(await refresh(url, body.refreshToken)).toMatchObject({ status: 401, body: { code: 'refresh_reused' } });
});

test('23 · a stolen token that is used after the grace ends the session for both who hold it, says so, and touches no other', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  const { id: userId } = await addAccount(servers, 'ada');
  const stolen = (await signIn(url, 'ada@example.com')).body;
  const other = (await signIn(url, 'ada@example.com')).body;
  const fresh = (await refresh(url, stolen.refreshToken)).body;
  await passes(servers, graceSeconds - 100);
  expect(await refresh(url, stolen.refreshToken)).toMatchObject({ body: { refreshToken: fresh.refreshToken } });
  await passes(servers, 100);
  expect(await refresh(url, stolen.refreshToken)).toMatchObject({ status: 401, body: { code: 'refresh_reused' } });
  expect(await refresh(url, fresh.refreshToken)).toMatchObject({ status: 401, body: { code: 'refresh_invalid' } });
  for (const { accessToken } of [stolen, fresh])
    expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(accessToken))).toMatchObject({ status: 401 });
  expect(await refresh(url, other.refreshToken)).toMatchObject({ status: 200 });
  const sessionId = stolen.session.id;
  expect(await recorded(servers, 'refresh_token_reused')).toEqual([{ userId, sessionId }]);
  expect(await recorded(servers, 'session_revoked')).toEqual([
    { userId, sessionId, reason: 'refresh_token_reused', revokedBefore: expect.any(String) },
  ]);
});

test('23 · a token from many exchanges ago is known for what it is, though no row remembers it', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  let token = body.refreshToken;
  for (let n = 0; n < 5; n++) {
    token = (await refresh(url, token)).body.refreshToken;
    await passes(servers, graceSeconds);
  }
  expect(await servers.rows('select count(*)::int as n from spent_refresh_token')).toEqual([{ n: 1 }]);
  expect(await refresh(url, body.refreshToken)).toMatchObject({ status: 401, body: { code: 'refresh_reused' } });
  expect(await refresh(url, token)).toMatchObject({ status: 401 });
});

test('24 · a used token that is replayed a hundred times at once ends its session once, with one event', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const fresh = (await refresh(url, body.refreshToken)).body.refreshToken;
  await passes(servers, graceSeconds);
  const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(url, body.refreshToken)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  expect(await refresh(url, fresh)).toMatchObject({ status: 401 });
  expect(await recorded(servers, 'refresh_token_reused')).toHaveLength(1);
  expect(await recorded(servers, 'session_revoked')).toHaveLength(1);
});

test('23 · whoever knows the id of a session, which is no secret, can’t end it with a token they made up', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const forger = createRefreshTokens(Buffer.alloc(32, 99));
  const first = forger.first(body.session.id);
  const bytes = Buffer.from(body.refreshToken, 'base64url');
  const flipped = [16, 47, 48, 63].map((index) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(index) ^ 0x80, index);
    return copy.toString('base64url');
  });
  const forged = [first.text, forger.successor(first).text, ...flipped, 'x', 'A'.repeat(86), '\u0000', "' or 1=1 --"];
  for (const token of forged) expect([400, 401]).toContain((await refresh(url, token)).status);
  expect(await refresh(url, { $ne: '' })).toMatchObject({ status: 400 });
  expect(await recorded(servers, 'session_revoked')).toEqual([]);
  expect(await refresh(url, body.refreshToken)).toMatchObject({ status: 200 });
});

test('refreshes that wait behind a sign-out get nothing; behind one that is undone, the one successor', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  const waitBehind = async (end: 'rollback' | 'commit', token: unknown) => {
    await servers.rows('begin');
    await servers.rows(`update session set ended_at = now(), end_reason = 'sign_out'`);
    const answers = Promise.all([1, 2, 3].map(() => refresh(url, token)));
    await expect.poll(() => servers.waiting()).toBe(3);
    await servers.rows(end);
    return answers;
  };
  const undone = await waitBehind('rollback', body.refreshToken);
  expect(undone.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(tokensOf(undone).size).toBe(1);
  const done = await waitBehind('commit', at(undone, 0).body.refreshToken);
  expect(done.map(({ body: { code } }) => code)).toEqual(Array(3).fill('refresh_invalid'));
  expect(await recorded(servers, 'refresh_token_reused')).toEqual([]);
});

test('a refresh whose connection dies before its commit exchanged nothing, and one whose answer was lost is answered again', async () => {
  await using servers = await userServers();
  await using service = await servers.start(settings);
  const url = service.urls.public;
  await addAccount(servers, 'ada');
  const { body } = await signIn(url, 'ada@example.com');
  await servers.rows('begin');
  await servers.rows('select 1 from session for update');
  const dying = refresh(url, body.refreshToken);
  await expect.poll(() => servers.waiting()).toBe(1);
  await servers.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where wait_event_type = 'Lock' and datname = current_database() and pid <> pg_backend_pid()`,
  );
  expect(await dying).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  await servers.rows('commit');
  expect(await servers.rows('select 1 from spent_refresh_token')).toEqual([]);

  const controller = new AbortController();
  const lost = fetch(`${url}/v1/sessions/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken: body.refreshToken }),
    signal: controller.signal,
  });
  await expect.poll(() => servers.rows('select 1 from spent_refresh_token')).toHaveLength(1);
  controller.abort();
  await lost.catch(() => undefined); // It may have come in time; nobody looks at it.
  const again = await refresh(url, body.refreshToken);
  expect(again).toMatchObject({ status: 200 });
  expect(await refresh(url, again.body.refreshToken)).toMatchObject({ status: 200 });
});

test('another SESSION_KEY signs nobody out', async () => {
  await using servers = await userServers();
  let tokens: Answer['body'];
  await addAccount(servers, 'ada');
  {
    await using service = await servers.start(settings);
    tokens = (await signIn(service.urls.public, 'ada@example.com')).body;
  }
  const other = { ...settings, SESSION_KEY: Buffer.alloc(32, 9).toString('base64url') };
  await using service = await servers.start(other);
  const url = service.urls.public;
  expect(await request(`${url}/v1/me`, 'GET', undefined, bearer(tokens.accessToken))).toMatchObject({ status: 200 });
  const refreshed = await refresh(url, tokens.refreshToken);
  expect(refreshed).toMatchObject({ status: 200 });
  expect(await refresh(url, tokens.refreshToken)).toMatchObject({
    body: { refreshToken: refreshed.body.refreshToken },
  });
});
