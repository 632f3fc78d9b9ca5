import { defineEvent } from '@postrider/contracts';
import { test } from 'vitest';
import { z } from 'zod';
import { deadLetterHeaders, on, startSubscription, type SubscriptionOptions } from '../src/index.ts';
import { log, messagingServer, type MessagingServer, thing } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

/**
 * During a rolling deployment old and new replicas pull from one durable, and each gets what the other was meant for. What the old one
 * does not know must reach the new one, or an operator; never nobody.
 */
const things = { config: { filter_subjects: ['user.v1.>', 'user.v2.>', 'user.retry.email-user-events.>'] } };
const quickly = { attempts: 5, firstDelayMs: 1, longestDelayMs: 5 };
const soon = { attempts: 1_000, firstDelayMs: 5, longestDelayMs: 20 };
const server = async () => messagingServer({ durable: { ...things.config, max_deliver: -1 }, subjects: ['user.v2.>'] });

/** The same event, grown to a new major version. */
const thingDoneV2 = defineEvent({
  ...thingDone,
  version: 2,
  aggregate: 'userId',
  pii: [],
  schema: z.object({ userId: z.string(), count: z.int() }),
  sample: { userId: 'u', count: 1 },
});

function replica(world: MessagingServer, handlers: SubscriptionOptions['handlers'], attempts = soon.attempts) {
  const unhandledPolicy = { ...soon, attempts };
  const { declaration } = world;
  return startSubscription({ nats: world.email, declaration, handlers, log, policy: quickly, unhandledPolicy });
}

const newMajor = (n: number) => {
  const { type, subject, payload } = thingDoneV2.create({ userId: 'u-1', count: n });
  return thing(n, { type, subject, body: JSON.stringify(payload) });
};

test.concurrent('what an old replica does not know is left to the new one, and health says so', async ({ expect }) => {
  await using world = await server();
  const [old, fresh]: number[][] = [[], []];
  await using oldReplica = replica(world, [on(thingDone, async ({ data }) => void old?.push(data.n))]);
  await world.publishAsOperator(newMajor(1));
  await world.publisher.publish(thing(2));
  await expect
    .poll(() => oldReplica.health())
    .toEqual({ status: 'up', detail: 'left to a newer build: user.thing_done.v2' });
  await expect.poll(() => old).toEqual([2]);
  await using _newReplica = replica(world, [
    on(thingDone, async () => undefined),
    on(thingDoneV2, async ({ data }) => void fresh?.push(data.count)),
  ]);
  await expect.poll(() => fresh).toEqual([1]);
  await expect.poll(world.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
  expect(await world.deadLetters()).toEqual([]);
});

test.concurrent('what no build ever takes ends in the dead letters', async ({ expect }) => {
  await using world = await server();
  await world.publishAsOperator(newMajor(1));
  await using _replica = replica(world, [on(thingDone, async () => undefined)], 4);
  await expect.poll(async () => (await world.deadLetters()).length).toBe(1);
  await expect.poll(world.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
  const [letter] = await world.deadLetters();
  expect(letter?.header.get(deadLetterHeaders.reason)).toBe(
    'after 4 deliveries: UnhandledTypeError: This build has no handler for "user.thing_done.v2".',
  );
});

test.concurrent('a handler is tried as often as its own policy says, another as its subscription’s', async ({
  expect,
}) => {
  await using world = await server();
  const attempts: string[] = [];
  const fail = (name: string) => async () => {
    attempts.push(name);
    throw new Error('it never works');
  };
  await using _replica = replica(world, [
    on(thingDone, fail('v1'), { retry: { attempts: 2 } }),
    on(thingDoneV2, fail('v2')),
  ]);
  await world.publisher.publish(thing(1));
  await world.publishAsOperator(newMajor(1));
  await expect.poll(async () => (await world.deadLetters()).length).toBe(2);
  expect(attempts.toSorted()).toEqual(['v1', 'v1', 'v2', 'v2', 'v2', 'v2', 'v2']);
});

test.concurrent('a lane whose handlers are all stuck keeps no other lane waiting', async ({ expect }) => {
  await using world = await server();
  const other = { ...world.declaration.config, durable_name: 'other-lane', filter_subjects: ['user.v1.>'] };
  await world.manager.consumers.add('USER_EVENTS', other);
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const [stuck, handled]: number[][] = [[], []];
  const stuckHandler = on(thingDone, async ({ data }) => {
    stuck?.push(data.n);
    await mayEnd;
  });
  await using _stuck = replica(world, [stuckHandler]);
  await using _other = startSubscription({
    nats: world.operator,
    declaration: { stream_name: 'USER_EVENTS', config: other },
    handlers: [on(thingDone, async ({ data }) => void handled?.push(data.n))],
    log,
  });
  for (let n = 1; n <= 50; n++) await world.publisher.publish(thing(n));
  await expect.poll(() => handled?.length).toBe(50);
  expect(stuck).toHaveLength(16);
  end();
  await expect.poll(() => stuck?.length).toBe(50);
});
