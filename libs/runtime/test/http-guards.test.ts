import { defineEntity, p } from '@mikro-orm/core';
import { testDatabase } from '@postrider/local/testing';
import type { FastifyRequest } from 'fastify';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/database.ts';
import { DomainError } from '../src/domain-error.ts';
import { createRequestCounter, endedRateLimits, rateLimitTable } from '../src/http/count-requests.ts';
import { startHttpServer } from '../src/http/http-server.ts';
import { createIdempotencyStore, endedIdempotencyKeys, idempotencyTable } from '../src/http/idempotency-store.ts';
import { replayAnswers } from '../src/http/idempotency.ts';
import { limitRates, overall, perAccount, perAddress, perNetwork } from '../src/http/rate-limits.ts';

const Nothing = defineEntity({ name: 'Nothing', properties: { id: p.integer().primary() } });
const log = pino({ level: 'silent' });

/** Two replicas on one database, whose routes count what they did. */
async function replicas(options: { scale?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const { url: databaseUrl } = stack.use(await testDatabase({ name: 'http' }));
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  stack.defer(() => client.end());
  for (const statement of [...idempotencyTable, ...rateLimitTable]) await client.query(statement);
  const done: unknown[] = [];
  const held = { until: Promise.resolve() };
  const boot = async (): Promise<string> => {
    const { em } = stack.use(await openDatabase({ url: databaseUrl, entities: [Nothing], migrations: [], log }));
    const { scale = 1 } = options;
    const server = await startHttpServer({
      name: 'public',
      host: '127.0.0.1',
      port: 0,
      log,
      health: [],
      client: { trustedProxies: ['127.0.0.1'], header: 'x-forwarded-for' },
      routes(routes) {
        const secret = new Uint8Array(32).fill(7);
        limitRates(routes, { count: createRequestCounter(em), secret, scale });
        replayAnswers(routes, { store: createIdempotencyStore(em), secret });
        const accountOf = async (request: FastifyRequest) => String(request.headers['x-account']);
        const limited = (...rateLimits: ReturnType<typeof overall>[]) => ({ config: { rateLimits } });
        routes.get('/network', limited(perNetwork(3, 60)), async () => 'ok');
        routes.post('/address', limited(perAddress(2, 60), perNetwork(5, 60)), async () => 'ok');
        routes.get('/account', limited(perAccount(2, 60, accountOf)), async () => 'ok');
        routes.get('/overall', limited(perNetwork(2, 60), overall(3, 60)), async () => 'ok');
        routes.post('/things', { config: { idempotent: true } }, async (request, reply) => {
          await held.until;
          const { refuse, break: isBroken } = request.body as { refuse?: boolean; break?: boolean };
          if (refuse) throw new DomainError('rejected', 'no', 'No.');
          done.push(request.body);
          if (isBroken) throw new Error('broken after the work');
          return reply
            .status(201)
            .header('etag', '"1"')
            .header('set-cookie', ['a=1', 'b=2'])
            .send({ secret: `s3cret-${done.length}` });
        });
      },
    });
    stack.use(server);
    return server.url;
  };
  const urls = [await boot(), await boot()] as const;
  const running = stack.move();
  return { urls, done, held, client, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

interface Init {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}
const ask = (url: string, from = '198.51.100.1', init: Init = {}) =>
  fetch(url, { ...init, headers: { 'x-forwarded-for': from, ...init.headers } });
const post = (url: string, body: unknown, headers: Record<string, string> = {}, from?: string) =>
  ask(url, from, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

test('a network has its quota at all replicas together, and is told what is left and when to come again', async () => {
  await using world = await replicas();
  const [one, other] = world.urls;
  const first = await ask(`${one}/network`);
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'ratelimit-policy': '3;w=60',
    'ratelimit-limit': '3',
    'ratelimit-remaining': '2',
    'ratelimit-reset': '60',
  });
  await ask(`${other}/network`);
  expect((await ask(`${one}/network`)).headers.get('ratelimit-remaining')).toBe('0');
  const refused = await ask(`${other}/network`);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'too_many_requests' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('ratelimit-remaining')).toBe('0');
  expect((await ask(`${one}/network`, '198.51.100.2')).status).toBe(200);
});

test('addresses of one IPv6 /64 share a quota, and rotating them, ports or headers gains nothing', async () => {
  await using world = await replicas();
  const hosts = ['::1', '::2', '::abcd:1', ':1:2:3:4'];
  const statuses = [];
  for (const host of hosts)
    statuses.push(
      (await ask(`${world.urls[0]}/network`, `[2001:db8:1:2${host}]:4711`, { headers: { 'user-agent': host } })).status,
    );
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect((await ask(`${world.urls[0]}/network`, '2001:db8:1:3::1')).status).toBe(200);
});

test('a used-up quota is full again when its window ends, by the clock of the database', async () => {
  await using world = await replicas();
  const [one, other] = world.urls;
  for (let n = 0; n < 4; n++) await ask(`${one}/network`);
  await world.client.query(`update rate_limit set resets_at = now()`);
  expect((await ask(`${other}/network`)).headers.get('ratelimit-remaining')).toBe('2');
});

test('who uses up an address keeps only his own network from it, and headers tell nothing about it', async () => {
  await using world = await replicas();
  const url = `${world.urls[0]}/address`;
  const email = 'ada@example.com';
  expect((await post(url, { email })).headers.get('ratelimit-limit')).toBe('5');
  expect((await post(url, { email })).status).toBe(200);
  expect((await post(url, { email })).status).toBe(429);
  expect((await post(url, { email: 'bob@example.com' })).status).toBe(200);
  expect((await post(url, { email }, {}, '198.51.100.2')).status).toBe(200);
  const { rows } = await world.client.query('select key from rate_limit');
  expect(JSON.stringify(rows)).not.toMatch(/ada|198/);
});

test('an account has its quota wherever it comes from; one limit’s refusals use up no other', async () => {
  await using world = await replicas();
  const [url] = world.urls;
  const as = async (account: string, from: string): Promise<number> =>
    (await ask(`${url}/account`, from, { headers: { 'x-account': account } })).status;
  expect([
    await as('a', '1.1.1.1'),
    await as('a', '1.1.1.2'),
    await as('a', '1.1.1.3'),
    await as('b', '1.1.1.1'),
  ]).toEqual([200, 200, 429, 200]);
  const overallFrom = async (from: string): Promise<Response> => ask(`${url}/overall`, from);
  for (let n = 0; n < 20; n++) await overallFrom('1.1.1.1');
  expect((await overallFrom('1.1.1.2')).status).toBe(200);
  const busy = await overallFrom('1.1.1.3');
  expect(busy.status).toBe(503);
  expect(await busy.json()).toMatchObject({ code: 'busy' });
  expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('limits grow with their scale, and are off at none', async () => {
  await using twice = await replicas({ scale: 2 });
  expect((await ask(`${twice.urls[0]}/network`)).headers.get('ratelimit-limit')).toBe('6');
  await using off = await replicas({ scale: 0 });
  for (let n = 0; n < 5; n++) expect((await ask(`${off.urls[0]}/network`)).headers.get('ratelimit-limit')).toBeNull();
});

test('parallel requests at two replicas are counted one by one', async () => {
  await using world = await replicas();
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => ask(`${world.urls[n % 2]}/network`)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
});

const key = { 'idempotency-key': '"8e03978e-40d5-43e8-bc93-6894a57f9324"' };

test('the same key and body are answered alike, and the work is done once', async () => {
  await using world = await replicas();
  const first = await post(`${world.urls[0]}/things`, { a: 1 }, key);
  const again = await post(
    `${world.urls[1]}/things`,
    { a: 1 },
    { 'idempotency-key': '8e03978e-40d5-43e8-bc93-6894a57f9324' },
  );
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(await again.text()).toBe(await first.text());
  expect(again.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect([
    again.headers.get('etag'),
    again.headers.get('content-type'),
    again.headers.get('idempotency-replayed'),
  ]).toEqual(['"1"', first.headers.get('content-type'), 'true']);
  expect(world.done).toHaveLength(1);
  const { rows } = await world.client.query(`select *, encode(answer, 'escape') as text from idempotency_key`);
  expect(JSON.stringify(rows)).not.toMatch(/s3cret|8e03978e|"a"/);
});

test('another body is refused, another client or route has keys of its own, and no key means no memory', async () => {
  await using world = await replicas();
  const url = `${world.urls[0]}/things`;
  await post(url, { a: 1 }, key);
  const other = await post(url, { a: 2 }, key);
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
  expect((await post(url, { a: 2 }, key, '198.51.100.2')).headers.get('idempotency-replayed')).toBeNull();
  await post(url, { a: 1 });
  await post(url, { a: 1 });
  expect(world.done).toHaveLength(4);
});

test('of twenty at once one does the work, the others are told that it is being done', async () => {
  await using world = await replicas();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.held.until = promise;
  const answers = Array.from({ length: 20 }, (_, n) => post(`${world.urls[n % 2]}/things`, { a: 1 }, key));
  const settled = { count: 0 };
  for (const answer of answers) void answer.then(() => settled.count++);
  await expect.poll(() => settled.count).toBe(19);
  resolve();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
  expect(world.done).toHaveLength(1);
  expect((await post(`${world.urls[0]}/things`, { a: 1 }, key)).status).toBe(201);
});

test('a refusal and a failure keep no answer: the key can be used again', async () => {
  await using world = await replicas();
  const url = `${world.urls[0]}/things`;
  for (const body of [{ refuse: true }, { refuse: true }]) expect((await post(url, body, key)).status).toBe(422);
  for (const body of [{ break: true }, { break: true }]) expect((await post(url, body, key)).status).toBe(500);
  expect((await post(url, { a: 1 }, key)).status).toBe(201);
});

test('a claim of a process that died ends after a minute, and what it would still store is fenced', async () => {
  await using world = await replicas();
  const url = `${world.urls[0]}/things`;
  const { promise, resolve } = Promise.withResolvers<void>();
  world.held.until = promise;
  const slow = post(url, { a: 1 }, key);
  await expect.poll(async () => (await world.client.query('select 1 from idempotency_key')).rowCount).toBe(1);
  await world.client.query(`update idempotency_key set claimed_until = now()`);
  world.held.until = Promise.resolve();
  const next = await post(`${world.urls[1]}/things`, { a: 1 }, key);
  resolve();
  await slow;
  expect(await (await post(url, { a: 1 }, key)).text()).toBe(await next.text());
});

test('what is no key is refused', async () => {
  await using world = await replicas();
  for (const text of ['', '""', '"a', 'a b', '"ä"', `"${'a'.repeat(256)}"`]) {
    const headers = { 'idempotency-key': Buffer.from(text).toString('latin1') };
    const answer = await post(`${world.urls[0]}/things`, { a: 1 }, headers);
    expect([text, answer.status, await answer.json()]).toMatchObject([text, 400, { code: 'invalid_idempotency_key' }]);
  }
});

test('what is over goes with housekeeping', async () => {
  await using world = await replicas();
  await ask(`${world.urls[0]}/network`);
  await post(`${world.urls[0]}/things`, { a: 1 }, key);
  const remove = () =>
    Promise.all([endedRateLimits, endedIdempotencyKeys].map((removal) => removal.remove(world.client, 10)));
  expect(await remove()).toEqual([0, 0]);
  await world.client.query('update rate_limit set resets_at = now()');
  await world.client.query('update idempotency_key set expires_at = now()');
  expect(await remove()).toEqual([1, 1]);
});
