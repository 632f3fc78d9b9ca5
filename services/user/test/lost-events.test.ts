import { cp, rm } from 'node:fs/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { applyTopology, connectNats } from '@postrider/messaging';
import { topology } from '@postrider/topology';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { password, readStream, request, userServers } from './user-service-fixture.ts';

const log = pino({ level: 'silent' });
type Servers = Awaited<ReturnType<typeof userServers>>;

/** People who register, and what the streams hold of them. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(await userServers());
  const service = stack.use(await servers.start());
  const running = stack.move();
  return {
    servers,
    service,
    register: async (...names: string[]) => {
      for (const name of names) {
        const body = { email: `${name}@example.com`, password };
        expect((await request(`${service.urls.public}/v1/registrations`, 'POST', body)).status).toBe(202);
      }
      const pending = 'select count(*)::int as n from outbox_pending';
      await expect.poll(() => servers.rows(pending), { timeout: 20_000 }).toEqual([{ n: 0 }]);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const people = async ({ nats }: Servers, count: number, stream = 'USER_EVENTS') =>
  (await readStream(nats.urls.operator, stream, count)).map(({ data }) => data['email']?.split('@')[0]);
const size = async (servers: Servers, stream: string): Promise<number> =>
  withManager(servers, async (manager) => (await manager.streams.info(stream)).state.messages);

async function withManager<T>(
  { nats }: Servers,
  work: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
) {
  await using operator = connectNats({ url: nats.urls.operator, name: 'operator', log });
  return await work(await jetstreamManager(await operator.first()));
}

test('streams that are deleted and made anew get back what they had', async () => {
  await using here = await world();
  await here.register('ada', 'bob', 'eve');
  await withManager(here.servers, async (manager) => {
    for (const stream of ['USER_EVENTS', 'USER_CHALLENGES']) await manager.streams.delete(stream);
  });
  await using operator = connectNats({ url: here.servers.nats.urls.operator, name: 'operator', log });
  await applyTopology({ nc: await operator.first(), topology, log });
  await here.register('kim');
  expect(new Set(await people(here.servers, 4))).toEqual(new Set(['ada', 'bob', 'eve', 'kim']));
  expect(new Set(await people(here.servers, 4, 'USER_CHALLENGES'))).toEqual(new Set(['ada', 'bob', 'eve', 'kim']));
});

test('a server that comes back with an older store gets what it had acknowledged since, without anything new happening', async (context) => {
  await using here = await world();
  const { nats } = here.servers;
  if (nats.storeDir === undefined) return context.skip('A container keeps its store to itself.');
  await here.register('ada');
  await nats.stop();
  await cp(nats.storeDir, `${nats.storeDir}.old`, { recursive: true });
  await nats.start();
  await here.register('bob', 'eve');
  await nats.kill();
  await rm(nats.storeDir, { recursive: true });
  await cp(`${nats.storeDir}.old`, nats.storeDir, { recursive: true });
  await nats.start();
  await expect.poll(() => size(here.servers, 'USER_EVENTS'), { timeout: 20_000 }).toBe(3);
  expect(await people(here.servers, 3)).toEqual(['ada', 'bob', 'eve']);
  expect(await people(here.servers, 3, 'USER_CHALLENGES')).toEqual(['ada', 'bob', 'eve']);
});

test('a store that went back and grew again by others’ messages, past what was noted, gets back what it lost', async (context) => {
  await using here = await world();
  const { nats } = here.servers;
  if (nats.storeDir === undefined) return context.skip('A container keeps its store to itself.');
  await here.register('ada');
  await nats.stop();
  await cp(nats.storeDir, `${nats.storeDir}.old`, { recursive: true });
  await nats.start();
  await here.register('bob', 'eve');
  await here.service[Symbol.asyncDispose]();
  await nats.kill();
  await rm(nats.storeDir, { recursive: true });
  await cp(`${nats.storeDir}.old`, nats.storeDir, { recursive: true });
  await nats.start();
  await using operator = connectNats({ url: nats.urls.operator, name: 'operator', log });
  const client = jetstream(await operator.first());
  for (let n = 0; n < 5; n++) {
    await client.publish('user.retry.email-user-events.user.v1.registered.x', '{}');
    await client.publish('challenge.retry.email-challenges.challenge.v1.verification_requested.x', '{}');
  }
  await using _service = await here.servers.start();
  // One of each is there, five are others', and the two that were lost come again, in both streams. (With both in one note, what is
  // before it comes again as well: more than was lost, never less.)
  for (const stream of ['USER_EVENTS', 'USER_CHALLENGES'])
    await expect.poll(() => size(here.servers, stream)).toBeGreaterThanOrEqual(8);
  const events = await readStream(nats.urls.operator, 'USER_EVENTS', await size(here.servers, 'USER_EVENTS'));
  const again = events.slice(6);
  expect(again.map(({ data }) => data['email']).slice(-2)).toEqual(['bob@example.com', 'eve@example.com']);
  for (const { header } of again) expect(header('Nats-Msg-Id')).toMatch(`${header('ce-id')}.r`);
});

test('what was purged or has expired is no loss: it stays away', async () => {
  await using here = await world();
  await here.register('ada', 'bob');
  await withManager(here.servers, async (manager) => {
    const [ada] = await here.servers.rows<{ id: string }>(`select id from "user" where email = 'ada@example.com'`);
    await manager.streams.purge('USER_EVENTS', { filter: `user.v1.*.${ada?.id}` });
    await manager.streams.purge('USER_CHALLENGES');
  });
  await here.servers.nats.stop();
  await here.servers.nats.start();
  await here.register('eve');
  expect(await size(here.servers, 'USER_EVENTS')).toBe(2);
  expect(await people(here.servers, 2)).toEqual(['bob', 'eve']);
  expect(await size(here.servers, 'USER_CHALLENGES')).toBe(1);
});

test('a database that was restored gives no number out again that consumers have seen', async () => {
  await using servers = await userServers();
  const numbers = async (count: number) =>
    (await readStream(servers.nats.urls.operator, 'USER_EVENTS', count)).map(({ header }) =>
      Number(header('ce-sequence')),
    );
  {
    await using service = await servers.start();
    for (const name of ['ada', 'bob', 'eve'])
      await request(`${service.urls.public}/v1/registrations`, 'POST', { email: `${name}@example.com`, password });
    expect(await numbers(3)).toHaveLength(3);
  }
  // What a dump from before the registrations would bring back.
  await servers.rows('truncate outbox_event, outbox_pending, outbox_watermark');
  await servers.rows(`delete from "user"`);
  await servers.rows(`select setval(pg_get_serial_sequence('outbox_event', 'id'), 1)`);
  await using service = await servers.start();
  const lifted = `select pg_sequence_last_value(pg_get_serial_sequence('outbox_event', 'id')::regclass)::int > 10000 as lifted`;
  await expect.poll(() => servers.rows(lifted)).toEqual([{ lifted: true }]);
  await request(`${service.urls.public}/v1/registrations`, 'POST', { email: 'kim@example.com', password });
  const all = await numbers(4);
  expect(all).toEqual(all.toSorted((a, b) => a - b));
});
