import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { addAccount, bearer, signIn } from '../account-fixture.ts';
import { request, userServers } from '../user-service-fixture.ts';

const secret = 'c'.repeat(64);
const clients = `billing:${createHash('sha256').update(secret).digest('base64url')}`;

test('26: an access token whose session has ended is refused at once, at every replica, by forward-auth and introspection', async () => {
  await using servers = await userServers();
  await using one = await servers.start({ GATEWAY_CLIENTS: clients });
  await using other = await servers.start({ GATEWAY_CLIENTS: clients });
  const { email } = await addAccount(servers, 'ada');
  const verdicts = async (token: string): Promise<unknown[]> =>
    Promise.all(
      [one, other].flatMap(({ urls }) => [
        request(`${urls.gateway}/v1/authz/forward-auth`, 'GET', undefined, bearer(token)).then(({ status }) => status),
        request(`${urls.gateway}/v1/token/introspect`, 'POST', `token=${token}`, {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(`billing:${secret}`).toString('base64')}`,
        }).then(({ body }) => body.active),
      ]),
    );
  const ends: Record<string, (token: string) => Promise<unknown>> = {
    'sign-out at the other replica': (token) =>
      request(`${other.urls.public}/v1/sessions/current`, 'DELETE', undefined, bearer(token)),
    'revoked from another session': async () => {
      const { body } = await signIn(one.urls.public, email);
      await request(`${one.urls.public}/v1/me/sessions/revoke-others`, 'POST', undefined, bearer(body.accessToken));
    },
    'its time is over': () => servers.rows(`update session set expires_at = now()`),
    'the account is gone': () => servers.rows(`delete from "user"`),
  };
  for (const [how, end] of Object.entries(ends)) {
    const token = (await signIn(one.urls.public, email)).body.accessToken;
    expect([how, ...(await verdicts(token))]).toEqual([how, 200, true, 200, true]);
    await end(token);
    expect([how, ...(await verdicts(token))]).toEqual([how, 401, false, 401, false]);
  }
});
