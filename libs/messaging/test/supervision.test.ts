import { test } from 'vitest';
import { applyTopology, on, RetryLaterError, startSubscription } from '../src/index.ts';
import { log, messagingServer, type MessagingServer, thing } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

/**
 * A subscription outlives what it stands on: nobody tells it that a consumer was paused, deleted or made anew, and nobody restarts it.
 * Each test does something to the server, awaits what health says of it, undoes it, and awaits the work going on.
 */
const patiently = { timeout: 40_000 };

const subscribe = (server: MessagingServer, handle: Parameters<typeof on<typeof thingDone>>[1]) =>
  startSubscription({ nats: server.email, declaration: server.declaration, handlers: [on(thingDone, handle)], log });

test.concurrent('a paused consumer is told as a stall, and goes on when it is resumed', async ({ expect }) => {
  await using server = await messagingServer();
  const handled: number[] = [];
  await using subscription = subscribe(server, async ({ data }) => void handled.push(data.n));
  const never = new Date('2100-01-01T00:00:00Z');
  await server.manager.consumers.pause('USER_EVENTS', 'email-user-events', never);
  await server.publisher.publish(thing(1));
  await expect
    .poll(() => subscription.health(), patiently)
    .toEqual({ status: 'down', detail: 'Delivery is stalled: the consumer is paused.' });
  await server.manager.consumers.resume('USER_EVENTS', 'email-user-events');
  await expect.poll(() => handled, patiently).toEqual([1]);
  await expect.poll(() => subscription.health(), patiently).toEqual({ status: 'up' });
});

test.concurrent('a full waiting room is told as a stall, and over when there is a place', async ({ expect }) => {
  await using server = await messagingServer({ durable: { max_ack_pending: 1 } });
  const handled: number[] = [];
  await using subscription = subscribe(server, async ({ data }, { attempt }) => {
    if (data.n === 1 && attempt === 1) throw new RetryLaterError('not yet', 12_000);
    handled.push(data.n);
  });
  await server.publisher.publish(thing(1));
  await server.publisher.publish(thing(2));
  await expect
    .poll(() => subscription.health(), patiently)
    .toEqual({ status: 'down', detail: 'Delivery is stalled: no more than 1 messages may be unacknowledged.' });
  await expect.poll(() => handled, patiently).toEqual([1, 2]);
  await expect.poll(() => subscription.health(), patiently).toEqual({ status: 'up' });
});

test.concurrent('a deleted stream is told, and delivery goes on by itself when provisioning has made all anew', async ({
  expect,
}) => {
  await using server = await messagingServer();
  const handled: number[] = [];
  await using subscription = subscribe(server, async ({ data }) => void handled.push(data.n));
  await server.publisher.publish(thing(1));
  await expect.poll(() => handled, patiently).toEqual([1]);
  await server.manager.streams.delete('USER_EVENTS');
  await expect.poll(() => subscription.health(), patiently).toMatchObject({ status: 'down' });
  await applyTopology({ nc: await server.operator.first(), topology: server.topology, log });
  await server.publisher.publish(thing(2));
  await expect.poll(() => handled, patiently).toEqual([1, 2]);
  await expect.poll(() => subscription.health(), patiently).toEqual({ status: 'up' });
});

test.concurrent('a consumer that was changed and put right again is taken up again', async ({ expect }) => {
  await using server = await messagingServer();
  const { config } = server.declaration;
  await server.manager.consumers.update('USER_EVENTS', config.durable_name, { max_deliver: 3 });
  await using subscription = subscribe(server, async () => undefined);
  await expect
    .poll(() => subscription.health(), patiently)
    .toMatchObject({ detail: expect.stringMatching(/max_deliver is 3, declared 8/) });
  await server.manager.consumers.update('USER_EVENTS', config.durable_name, { max_deliver: 8 });
  await expect.poll(() => subscription.health(), patiently).toEqual({ status: 'up' });
});

test.concurrent('messages that wait in this process for their turn stay ours for many ack_waits', async ({
  expect,
}) => {
  await using server = await messagingServer();
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const calls: number[] = [];
  await using _subscription = subscribe(server, async ({ data }) => {
    calls.push(data.n);
    await mayEnd;
  });
  for (let n = 1; n <= 16; n++) await server.publisher.publish(thing(n));
  await expect.poll(() => calls, patiently).toHaveLength(16);
  // The server's own clock says when three ack_waits are over.
  const serverTime = async (): Promise<number> =>
    Date.parse((await server.manager.streams.info('USER_EVENTS')).ts ?? '');
  const started = await serverTime();
  await expect.poll(async () => (await serverTime()) - started, patiently).toBeGreaterThan(3_500);
  end();
  await expect.poll(server.pendingOf, patiently).toEqual({ waiting: 0, unacknowledged: 0 });
  expect(calls).toHaveLength(16);
});

test.concurrent('a stop while nothing comes takes the long pull back, and what comes at that moment the next has at once', async ({
  expect,
}) => {
  // What were lost on the way would be waited for longer than this test.
  await using server = await messagingServer({ durable: { ack_wait: 300e9 } });
  const pulls: { batch: number }[] = [];
  const operator = await server.operator.first();
  operator.subscribe('$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.email-user-events', {
    callback: (_error, message) => void pulls.push(message.json()),
  });
  const handled = new Set<number>();
  const handle = async ({ data }: { data: { n: number } }): Promise<void> => void handled.add(data.n);
  for (let round = 1; round <= 3; round++) {
    const before = pulls.length;
    const subscription = subscribe(server, handle);
    await expect.poll(() => pulls.slice(before).at(-1)?.batch, patiently).toBe(1);
    const published = Array.from({ length: 20 }, (_, n) => server.publisher.publish(thing(round * 100 + n)));
    await Promise.all([subscription[Symbol.asyncDispose](), ...published]);
    await using _next = subscribe(server, handle);
    await expect.poll(() => handled.size, patiently).toBe(round * 20);
    await expect.poll(server.pendingOf, patiently).toEqual({ waiting: 0, unacknowledged: 0 });
  }
});
