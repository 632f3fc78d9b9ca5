import { accessVariables } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { parseConfig } from '@postrider/runtime';
import { relayConfigSchema } from '../src/config.ts';
import { startRelayAlone } from '../src/relay/relay-alone.ts';
import { password, readStream, request, userServers } from './user-service-fixture.ts';

test('a relay that runs alone publishes what services without one record, at the ring of their bell', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ RELAY_ENABLED: 'false' });
  const register = (email: string) => request(`${service.urls.public}/v1/registrations`, 'POST', { email, password });
  await register('ada@example.com');
  expect(await servers.rows('select count(*)::int as n from outbox_pending')).toEqual([{ n: 2 }]);
  expect((await request(`${service.urls.admin}/readyz`, 'GET')).body.parts).not.toHaveProperty('relay');

  const env = {
    PORT: '0',
    DATABASE_URL: servers.database.url,
    ...accessVariables(servers.nats.as('user')),
    METRICS_ENABLED: 'false',
    LOG_LEVEL: 'silent',
  };
  await using relay = await startRelayAlone(parseConfig(relayConfigSchema, env));
  expect((await readStream(servers.nats.urls.operator, 'USER_EVENTS', 1)).length).toBe(1);
  await register('eve@example.com');
  const events = await readStream(servers.nats.urls.operator, 'USER_EVENTS', 2);
  expect(events.map(({ data }) => data['email'])).toEqual(['ada@example.com', 'eve@example.com']);
  await expect.poll(async () => (await request(`${relay.url}/readyz`, 'GET')).body.status).toBe('ready');
});

test('above the outbox’s high-water mark what would write is refused with a time to come back; reading goes on', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ RELAY_ENABLED: 'false', OUTBOX_HIGH_WATER: '3' });
  const register = (n: number) =>
    request(`${service.urls.public}/v1/registrations`, 'POST', { email: `person${n}@example.com`, password });
  expect((await register(1)).status).toBe(202);
  expect((await register(2)).status).toBe(202);
  await expect.poll(async () => (await register(3)).status).toBe(503);
  const refused = await register(4);
  expect(refused.body).toMatchObject({ code: 'overloaded', status: 503 });
  expect(refused.headers.get('retry-after')).toBe('10');
  const looked = await request(`${service.urls.public}/v1/verifications/0192f1a0-7a3b-7c4d-8e5f-60718293a4b5`, 'GET');
  expect(looked.status).toBe(404);
});
