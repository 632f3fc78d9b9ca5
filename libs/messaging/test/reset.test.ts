import { expect, test } from 'vitest';
import { on, startSubscription } from '../src/index.ts';
import { log, messagingServer, thing } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

test('a durable that is set back gets its messages once more while its subscription runs, and settles them', async () => {
  await using server = await messagingServer();
  const seen: number[] = [];
  const handlers = [on(thingDone, async ({ data }) => void seen.push(data.n))];
  await using _subscription = startSubscription({ nats: server.email, declaration: server.declaration, handlers, log });
  for (const n of [1, 2, 3]) await server.publisher.publish(thing(n));
  await expect.poll(() => seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  await expect.poll(server.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
  await server.manager.consumers.reset('USER_EVENTS', 'email-user-events', 2);
  await expect.poll(() => seen.toSorted((a, b) => a - b)).toEqual([1, 2, 2, 3, 3]);
  await expect.poll(server.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
});
