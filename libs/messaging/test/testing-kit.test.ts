import { expect, test } from 'vitest';
import { deadLetterHeaders, on, PermanentError, RetryLaterError, startSubscription } from '../src/index.ts';
import { anEvent, testHandlers } from '../src/testing/index.ts';
import { log, messagingServer, thing, thingsDurable } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

const policy = { attempts: 3, firstDelayMs: 1, longestDelayMs: 5 };

/** By the number of the thing: handled, a bug, a refusal, once later. */
const handler = () => {
  let isLater = true;
  return on(thingDone, async ({ data: { n } }) => {
    if (n === 2) throw new TypeError('no such template');
    if (n === 3) throw new PermanentError('no such person');
    if (n === 4 && isLater) {
      isLater = false;
      throw new RetryLaterError('not yet', 1);
    }
  });
};

test('the test kit says of every handler what a server then shows', async () => {
  await using server = await messagingServer();
  for (const n of [1, 2, 3, 4]) await server.publisher.publish(thing(n));
  await using _subscription = startSubscription({
    nats: server.email,
    declaration: thingsDurable,
    handlers: [handler()],
    log,
    policy,
  });
  await expect.poll(server.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
  const letters = await server.deadLetters();
  const buried = new Map(
    letters.map((letter) => [letter.json<{ n: number }>().n, letter.header.get(deadLetterHeaders.reason)]),
  );

  const kit = testHandlers([handler()], { policy, maxDeliver: thingsDurable.config.max_deliver });
  const told = new Map<number, string>();
  const acknowledged: number[] = [];
  for (const n of [1, 2, 3, 4]) {
    const last = (await kit.feedUntilSettled(anEvent(thingDone, { userId: 'u-1', n }))).at(-1);
    if (last?.verdict === 'dead letter') told.set(n, last.reason);
    if (last?.verdict === 'acknowledged') acknowledged.push(n);
  }
  expect(told).toEqual(buried);
  expect([[...told.keys()], acknowledged]).toEqual([
    [2, 3],
    [1, 4],
  ]);
});
