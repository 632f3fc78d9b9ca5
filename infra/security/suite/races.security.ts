import { expect, test } from 'vitest';
import { addAccount, refresh, signIn } from '../../../services/user/test/account-fixture.ts';
import { password, request } from '../../../services/user/test/user-service-fixture.ts';
import { newestSecrets } from '../test/newest-secrets.ts';
import { securityWorld } from '../test/security-world.ts';

const rounds = Number(process.env['RACE_ROUNDS'] ?? 100);
const callers = 50;

test(`12, 24: of ${callers} at once one wins, ${rounds} times in a row: confirming, resetting, refreshing`, async () => {
  await using world = await securityWorld({ VERIFICATION_COOLDOWN_SECONDS: '0' });
  const { servers, service } = world;
  const url = service.urls.public;
  const race = async (call: () => Promise<{ status: number }>): Promise<number[]> =>
    (await Promise.all(Array.from({ length: callers }, call))).map(({ status }) => status).toSorted((a, b) => a - b);
  const losers = (status: number): number[] => Array.from({ length: callers - 1 }, () => status);
  for (let round = 0; round < rounds; round++) {
    const email = `racer-${round}@example.com`;
    await request(`${url}/v1/registrations`, 'POST', { email, password });
    const { token } = await newestSecrets(servers, email);
    const confirms = await race(() => request(`${url}/v1/verifications/confirm`, 'POST', { token }));
    expect([round, confirms]).toEqual([round, [200, ...losers(400)]]);

    const { body: granted } = await signIn(url, email);
    const answers = await Promise.all(Array.from({ length: callers }, () => refresh(url, granted.refreshToken)));
    // Within the grace everybody gets the one successor: the token is exchanged once.
    expect([round, new Set(answers.map(({ status, body }) => `${status} ${body.refreshToken}`)).size]).toEqual([
      round,
      1,
    ]);
    expect([round, answers[0]?.status]).toEqual([round, 200]);

    await request(`${url}/v1/password-resets`, 'POST', { email });
    const reset = await newestSecrets(servers, email);
    const newPassword = `another good long password ${round}`;
    const resets = await race(() =>
      request(`${url}/v1/password-resets/confirm`, 'POST', { token: reset.token, newPassword }),
    );
    expect([round, resets]).toEqual([round, [204, ...losers(400)]]);
    if (round % 10 === 9) process.stderr.write(`  ${round + 1} of ${rounds} rounds\n`);
  }
  for (const type of ['email_verified', 'password_reset_completed'])
    expect([
      type,
      await servers.rows(`select count(*)::int as n from outbox_event where type = $1`, [`user.${type}.v1`]),
    ]).toEqual([type, [{ n: rounds }]]);
  await addAccount(servers, 'afterwards');
});
