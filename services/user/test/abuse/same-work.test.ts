import { openDatabase } from '@postrider/runtime/database';
import { exportJWK, generateKeyPair } from 'jose';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import type { AccountsContext } from '../../src/accounts/accounts-context.ts';
import { createPasswordHasher } from '../../src/accounts/password-hasher.ts';
import { createPasswordPolicy } from '../../src/accounts/password-policy.ts';
import { registerUser } from '../../src/accounts/register-user.ts';
import { resendVerification } from '../../src/accounts/resend-verification.ts';
import { createChallengeMaker } from '../../src/challenges/prepare-challenge.ts';
import { userDatabase } from '../../src/database.ts';
import { requestPasswordReset } from '../../src/passwords/request-password-reset.ts';
import { addAccount } from '../account-fixture.ts';
import { password, request, userServers } from '../user-service-fixture.ts';

// The numbers are those of the abuse cases that the API must withstand.

const other = 'another long password of mine';
const flows: Record<string, (context: AccountsContext, email: string) => Promise<unknown>> = {
  register: (context, email) => registerUser(context, { email, password, locale: 'en' }),
  'register with another password': (context, email) => registerUser(context, { email, password: other, locale: 'en' }),
  resend: (context, email) => resendVerification(context, { email }),
  reset: (context, email) => requestPasswordReset(context, { email }),
};

test.each(Object.entries(flows))(
  '3 · %s is the same work for every state of an address: as many hashes, seals, statements and rings of the bell',
  async (_name, flow) => {
    await using servers = await userServers();
    for (const due of ['due', 'cooling']) {
      await addAccount(servers, `verified-${due}`);
      await addAccount(servers, `unverified-${due}`, { isVerified: false });
      await addAccount(servers, `passwordless-${due}`, { hasPassword: false });
    }
    await using database = await openDatabase({
      ...userDatabase(servers.database.url),
      log: pino({ level: 'silent' }),
    });
    await database.untilMigrated(new AbortController().signal);
    const query = vi.spyOn(Client.prototype, 'query'); // Before the pool has a connection: each keeps what it finds here.
    const work = { hashes: 0, seals: 0, rings: 0 };
    const context = await countingContext(database.em, work);
    await flow(context, 'warm-up@example.com');

    const works: Record<string, unknown> = {};
    for (const state of ['verified', 'unverified', 'passwordless', 'unknown'])
      for (const due of ['due', 'cooling']) {
        const email = `${state}-${due}@example.com`;
        if (due === 'cooling') await resendVerification(context, { email }); // Any flow begins the cooldown of all.
        Object.assign(work, { hashes: 0, seals: 0, rings: 0 });
        query.mockClear();
        await flow(context, email);
        const texts = query.mock.calls
          .map(([sql]) => textOf(sql))
          .filter((text) => !text.includes('transaction_read_only'));
        works[`${state}, ${due}`] = { ...work, rings: work.rings > 0, statements: texts.length };
      }
    query.mockRestore();
    const [first, ...rest] = Object.values(works);
    expect(first).toMatchObject({ seals: 1, rings: true });
    expect(works).toEqual(Object.fromEntries(Object.keys(works).map((name) => [name, first])));
    expect(rest).toHaveLength(7);
  },
);

test('3 · what must not tell whether an address has an account leaves at a full tenth of a second', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ EVENTS_ENABLED: 'false' });
  const known = await addAccount(servers, 'known');
  const flowId = '0d8f4a58-2c6b-4f0e-9a57-3f1f5a3c9d21';
  const asked: [path: string, body: Record<string, unknown>, status: number][] = [
    known.email,
    'nobody@example.com',
  ].flatMap(
    (email) =>
      [
        ['/v1/registrations', { email, password }, 202],
        ['/v1/verifications', { email }, 202],
        ['/v1/password-resets', { email }, 202],
        ['/v1/sessions', { email, password: other }, 401],
        ['/v1/verifications/confirm', { flowId, code: '12345678' }, 400],
        ['/v1/password-resets/confirm', { flowId, code: '12345678', newPassword: other }, 400],
      ] satisfies [string, Record<string, unknown>, number][],
  );
  for (const [path, body, status] of asked) {
    const started = performance.now();
    expect(await request(`${service.urls.public}${path}`, 'POST', body)).toMatchObject({ status });
    // We began before it did, and a timer may be a millisecond early.
    expect({ path, isEven: performance.now() - started > 98 }).toEqual({ path, isEven: true });
  }
});

async function countingContext(
  em: AccountsContext['em'],
  work: { hashes: number; seals: number; rings: number },
): Promise<AccountsContext> {
  const { publicKey } = await generateKeyPair('ECDH-ES+A256KW', { extractable: true });
  const codeKey = new Uint8Array(32);
  const prepareChallenge = await createChallengeMaker({ sealingPublicKey: await exportJWK(publicKey), codeKey });
  const pool = createPasswordHasher();
  return {
    em,
    bell: { ring: () => void work.rings++ },
    headers: {},
    now: () => new Date(),
    passwords: {
      ...pool,
      hash: (...given) => {
        work.hashes++;
        return pool.hash(...given);
      },
    },
    prepareChallenge: (...given) => {
      work.seals++;
      return prepareChallenge(...given);
    },
    codeKey,
    passwordPolicy: createPasswordPolicy({ minLength: 15, productWords: [] }),
    mailCap: { cooldownSeconds: 3_600, mailsPerDay: 10 },
  };
}

function textOf(query: unknown): string {
  return (typeof query === 'string' ? query : (query as { text: string }).text).trim().toLowerCase(); // The driver takes both.
}
