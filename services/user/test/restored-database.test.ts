import { testPostgres } from '@postrider/local/testing';
import { expect, test, vi } from 'vitest';
import { migrate } from '../src/database.ts';
import { query, startPostgresPair } from './postgres-pair.ts';
import { password, readStream, request, userServers } from './user-service-fixture.ts';

// Servers are started, copied and started again on however few cores there are.
vi.setConfig({ testTimeout: 180_000 });
const patiently = { timeout: 60_000 };

/**
 * A database that goes back in time: put back from a dump, or replaced by a standby that was behind. What it has forgotten is gone; what it
 * has not may not suffer: events that it thinks pending are sent again with their old ids, no number comes a second time.
 */
type Servers = Awaited<ReturnType<typeof userServers>>;

const register = async (url: string, name: string) =>
  request(`${url}/v1/registrations`, 'POST', { email: `${name}@example.com`, password });

const people = async ({ nats }: Servers, count: number) =>
  (await readStream(nats.urls.operator, 'USER_EVENTS', count)).map(({ data, header }) => ({
    name: data['email']?.split('@')[0],
    id: header('ce-id'),
    number: Number(header('ce-sequence')),
  }));

const pending = async (url: string) => query(url, 'select count(*)::int as n from outbox_pending');

test('a database put back from an older copy sends what it thinks pending again with its old id, takes nothing for lost, and gives out higher numbers', async () => {
  await using servers = await userServers();
  await using postgres = await testPostgres();
  const at = (name: string) => Object.assign(new URL(postgres.adminUrl), { pathname: `/${name}` }).href;
  await query(at('postgres'), 'create database live');
  await migrate(at('live'));
  const start = async (env = {}) => {
    const service = await servers.boot({ DATABASE_URL: at('live'), ...env });
    await expect.poll(async () => (await request(`${service.urls.public}/readyz`, 'GET')).status, patiently).toBe(200);
    return service;
  };
  {
    await using service = await start();
    await register(service.urls.public, 'ada');
    await expect.poll(async () => pending(at('live')), patiently).toEqual([{ n: 0 }]);
  }
  {
    await using service = await start({ RELAY_ENABLED: 'false' });
    await register(service.urls.public, 'bob');
  }
  await query(at('postgres'), 'create database dump template live');
  const [first] = await people(servers, 1);
  {
    await using service = await start();
    for (const name of ['eve', 'kim']) await register(service.urls.public, name);
    await expect.poll(async () => pending(at('live')), patiently).toEqual([{ n: 0 }]);
  }
  const before = await people(servers, 4);
  await query(at('postgres'), 'drop database live with (force)');
  await query(at('postgres'), 'alter database dump rename to live');
  expect(await pending(at('live'))).toEqual([{ n: 2 }]);

  await using service = await start();
  await expect.poll(async () => pending(at('live')), patiently).toEqual([{ n: 0 }]);
  expect((await register(service.urls.public, 'zoe')).status).toBe(202);
  const after = await people(servers, 5);
  expect(after.slice(0, 4)).toEqual(before);
  expect(after.map(({ name }) => name)).toEqual(['ada', 'bob', 'eve', 'kim', 'zoe']);
  expect(new Set(after.map(({ id }) => id)).size).toBe(5);
  expect(after[4]?.number).toBeGreaterThan(Math.max(...before.map(({ number }) => number)));
  expect(after[0]).toEqual(first);
});

test('when a standby that was behind takes over, what it thinks pending is sent again with its old id, nothing is taken for lost, and no number comes again', async () => {
  await using servers = await userServers();
  await using pair = await startPostgresPair();
  await using service = await servers.boot({ DATABASE_URL: pair.url });
  const url = service.urls.public;
  const isReady = async () => (await request(`${url}/readyz`, 'GET')).status;
  await expect.poll(isReady, patiently).toBe(200);
  await register(url, 'ada');
  await expect.poll(async () => pending(pair.url), patiently).toEqual([{ n: 0 }]);

  await servers.nats.kill();
  await register(url, 'bob');
  await pair.untilCaughtUp();
  await pair.stopStandby();
  await servers.nats.start();
  for (let n = 1; n <= 40; n++) await register(url, `late${n}`);
  await expect.poll(async () => pending(pair.url), patiently).toEqual([{ n: 0 }]);
  const before = await people(servers, 42);

  await pair.failOver();
  await expect.poll(async () => pending(pair.url).catch(() => 'not there yet'), patiently).toEqual([{ n: 0 }]);
  await expect.poll(isReady, patiently).toBe(200);
  expect(await query(pair.url, `select count(*)::int as n from "user"`)).toEqual([{ n: 2 }]);
  await expect.poll(async () => (await register(url, 'zoe')).status, patiently).toBe(202);
  const after = await people(servers, 43);
  expect(after.slice(0, 42)).toEqual(before);
  expect(after[42]?.name).toBe('zoe');
  expect(after[42]?.number).toBeGreaterThan(Math.max(...before.map(({ number }) => number)));
});
