import { testPostgres } from '@postrider/local/testing';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { password, readStream, request, userServers } from './user-service-fixture.ts';

const register = (url: string, n: number) =>
  request(`${url}/v1/registrations`, 'POST', { email: `user${n}@example.com`, password });

test('with events disabled accounts are registered, and published once events are enabled again', async () => {
  await using servers = await userServers();
  {
    await using service = await servers.start({ EVENTS_ENABLED: 'false', NATS_URL: 'nats://127.0.0.1:1' });
    expect(await register(service.urls.public, 1)).toMatchObject({ status: 202 });
    expect(await request(`${service.urls.public}/readyz`, 'GET')).toMatchObject({
      status: 200,
      body: { status: 'ready' },
    });
    expect(await servers.rows('select count(*)::int as n from outbox_pending')).toEqual([{ n: 2 }]);
  }
  await using _service = await servers.start();
  expect(await readStream(servers.nats.urls.operator, 'USER_CHALLENGES', 1)).toHaveLength(1);
});

test('without NATS the service boots and registers, says what is degraded, and catches up in order', async () => {
  await using servers = await userServers();
  await servers.nats.kill();
  await using service = await servers.start();
  for (let n = 1; n <= 5; n++) expect(await register(service.urls.public, n)).toMatchObject({ status: 202 });
  const ready = await request(`${service.urls.public}/readyz`, 'GET');
  expect(ready).toMatchObject({
    status: 200,
    body: { status: 'degraded', parts: { nats: { status: 'starting' }, database: { status: 'up' } } },
  });

  await servers.nats.start();
  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 5);
  expect(events.map(({ data }) => data['email'])).toEqual([1, 2, 3, 4, 5].map((n) => `user${n}@example.com`));
  await expect
    .poll(async () => (await request(`${service.urls.public}/readyz`, 'GET')).body.status, { timeout: 10_000 })
    .toBe('ready');
});

test('NATS killed while accounts register loses no event and sends none twice', async () => {
  await using servers = await userServers();
  await using service = await servers.start();
  const answers = [];
  for (let n = 0; n < 30; n++) {
    if (n === 10) await servers.nats.kill();
    if (n === 20) await servers.nats.start();
    answers.push(await register(service.urls.public, n));
  }
  expect(answers.every(({ status }) => status === 202)).toBe(true);
  await expect
    .poll(() => servers.rows('select count(*)::int as n from outbox_pending'), { timeout: 20_000 })
    .toEqual([{ n: 0 }]);
  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 30);
  expect(events.map(({ data }) => data['email'])).toEqual(Array.from({ length: 30 }, (_, n) => `user${n}@example.com`));
});

test('without PostgreSQL the service boots, answers 503 with Retry-After, and recovers by itself', async () => {
  await using servers = await userServers();
  await using postgres = await testPostgres();
  await postgres.kill();
  await using service = await servers.boot({ DATABASE_URL: postgres.adminUrl });
  const refused = await register(service.urls.public, 1);
  expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect(refused.headers.get('retry-after')).toBe('2');
  expect(await request(`${service.urls.public}/livez`, 'GET')).toMatchObject({ status: 200 });
  expect(await request(`${service.urls.public}/readyz`, 'GET')).toMatchObject({ status: 503 });

  await postgres.start();
  await expect.poll(async () => (await register(service.urls.public, 1)).status, { timeout: 30_000 }).toBe(202);

  await postgres.kill();
  expect(await register(service.urls.public, 2)).toMatchObject({ status: 503 });
  await expect
    .poll(async () => (await request(`${service.urls.public}/readyz`, 'GET')).status, { timeout: 20_000 })
    .toBe(503);
  await postgres.start();
  await expect.poll(async () => (await register(service.urls.public, 2)).status, { timeout: 30_000 }).toBe(202);
  expect(await readStream(servers.nats.urls.operator, 'USER_EVENTS', 2)).toHaveLength(2);
});

test('PostgreSQL killed again and again under load costs no connection for good: the service works, and stops, as before', async () => {
  await using servers = await userServers();
  await using postgres = await testPostgres();
  const service = await servers.boot({ DATABASE_URL: postgres.adminUrl });
  const url = service.urls.public;
  await expect.poll(async () => (await request(`${url}/readyz`, 'GET')).status).toBe(200);
  for (let round = 0; round < 3; round++) {
    // Every unit of work waits for a lock: each place of the pool is held inside a transaction.
    const blocker = await blockUnits(postgres.adminUrl);
    const inFlight = Array.from({ length: 20 }, (_, n) => register(url, round * 100 + n));
    await expect.poll(blocker.waiting).toBe(10);
    await postgres.kill();
    await Promise.all(inFlight);
    await postgres.start();
  }
  await expect.poll(async () => (await register(url, 999)).status, { timeout: 30_000 }).toBe(202);
  const afterwards = await Promise.all(Array.from({ length: 20 }, (_, n) => register(url, 1_000 + n)));
  expect(afterwards.filter(({ status }) => status !== 202)).toEqual([]);
  await service[Symbol.asyncDispose]();
});

test('two replicas share one database: each account is published once, and stopping either loses nothing', async () => {
  await using servers = await userServers();
  const first = await servers.start();
  await using second = await servers.start();
  const both = [first.urls.public, second.urls.public];
  await Promise.all(Array.from({ length: 20 }, (_, n) => register(String(both[n % 2]), n)));
  await first[Symbol.asyncDispose]();
  for (let n = 20; n < 25; n++) await register(second.urls.public, n);
  await expect
    .poll(() => servers.rows('select count(*)::int as n from outbox_pending'), { timeout: 20_000 })
    .toEqual([{ n: 0 }]);
  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 25);
  expect(new Set(events.map(({ data }) => data['email'])).size).toBe(25);
});

test('replicas that start together on an empty database migrate it once', async () => {
  await using servers = await userServers();
  await using postgres = await testPostgres();
  await using stack = new AsyncDisposableStack();
  const replicas = await Promise.all(
    [1, 2, 3].map(async () =>
      stack.use(await servers.boot({ DATABASE_URL: postgres.adminUrl, EVENTS_ENABLED: 'false' })),
    ),
  );
  for (const { urls } of replicas)
    await expect
      .poll(async () => (await request(`${urls.public}/readyz`, 'GET')).status, { timeout: 20_000 })
      .toBe(200);
});

async function blockUnits(databaseUrl: string): Promise<{ waiting: () => Promise<number> }> {
  const [blocker, watcher] = [
    new Client({ connectionString: databaseUrl }),
    new Client({ connectionString: databaseUrl }),
  ];
  for (const client of [blocker, watcher]) {
    client.on('error', () => undefined); // It dies with the server.
    await client.connect();
  }
  await blocker.query('begin; lock table mail_cooldown in access exclusive mode');
  const waiting = async (): Promise<number> => {
    const { rows } = await watcher.query(
      `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and application_name <> 'housekeeping'`,
    );
    return rows[0].n;
  };
  return { waiting };
}
