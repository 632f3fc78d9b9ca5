import { fastify } from 'fastify';
import { decodeJwt, decodeProtectedHeader, importJWK } from 'jose';
import { expect, test } from 'vitest';
import { createAccessTokens } from '../../../services/user/src/sessions/tokens/access-token.ts';
import { bearer } from '../../../services/user/test/account-fixture.ts';
import { type Load, requestsASecond } from '../src/load.ts';
import { securityWorld } from '../test/security-world.ts';

const rounds = 21;

test('forward-auth, which asks the database each time, does at least 60 % of what a bare route with the same check of the token does', async () => {
  await using world = await securityWorld({ LOG_LEVEL: 'info', METRICS_ENABLED: 'true' }); // As it is deployed.
  const { service, knowledge } = world;
  const [token = ''] = (await knowledge()).accessTokens;
  await using bare = fastify();
  const accessTokens = await sameCheck(service.urls.public, token);
  bare.get('/', async ({ headers }, reply) => {
    const { userId } = await accessTokens.verifyAccessToken(headers.authorization?.slice(7) ?? '', new Date());
    return reply.header('remote-user', userId).send();
  });
  const bareUrl = await bare.listen({ host: '127.0.0.1', port: 0 });
  const load = { headers: bearer(token), atOnce: 32, seconds: 0.5 };
  const alone = async () => measure({ url: bareUrl, ...load });
  const asking = async () => measure({ url: `${service.urls.gateway}/v1/authz/forward-auth`, ...load });
  await alone();
  await asking(); // Both are warm.
  const pairs: { one: Measured; other: Measured }[] = [];
  for (let round = 0; round < rounds; round++) {
    // In turn, and who is first in turn, too: what slows the machine down slows both.
    if (round % 2 === 0) pairs.push({ one: await asking(), other: await alone() });
    else pairs.push({ other: await alone(), one: await asking() });
  }
  const told = (of: (measured: Measured) => number): string =>
    `${spreadOf(pairs.map(({ one }) => of(one)))} against ${spreadOf(pairs.map(({ other }) => of(other)))}`;
  const ratios = pairs.map(({ one, other }) => one.aSecond / other.aSecond);
  process.stderr.write(`  answers a second: ${told(({ aSecond }) => aSecond)}; ratio ${spreadOf(ratios)}\n`);
  process.stderr.write(`  µs of CPU each: ${told(({ cpuUs }) => cpuUs)}\n`);
  expect(medianOf(ratios)).toBeGreaterThan(0.6);
});

interface Measured {
  readonly aSecond: number;
  readonly cpuUs: number;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Median, least and greatest. */
function spreadOf(values: readonly number[]): string {
  const [median, least, most] = [medianOf(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(value < 10 ? 2 : 0),
  );
  return `${median} (${least} to ${most})`;
}

/** Answers a second, and the processor's time that each took of the thread which answers: that tells more on a busy machine. */
async function measure(load: Load): Promise<Measured> {
  const before = process.threadCpuUsage();
  const aSecond = await requestsASecond(load);
  const { user, system } = process.threadCpuUsage(before);
  return { aSecond: Math.round(aSecond), cpuUs: Math.round((user + system) / (aSecond * load.seconds)) };
}

/** The service's own check, with its keys as anybody gets them. */
async function sameCheck(url: string, token: string) {
  const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string; alg: string }[];
  };
  const { kid } = decodeProtectedHeader(token);
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) throw new Error('The key of the token is not published.');
  const { iss = '', aud = '' } = decodeJwt(token);
  const verified = { kid: key.kid, algorithm: key.alg, publicKey: await importJWK(key) };
  type Keys = Parameters<typeof createAccessTokens>[0]['keys'];
  // Nothing is signed here.
  const found = {
    find: async () => verified,
    current: () => {
      throw new Error('No key to sign with.');
    },
  } as unknown as Keys;
  return createAccessTokens({ keys: found, issuer: iss, audience: String(aud) });
}
