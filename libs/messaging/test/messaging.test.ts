import { expect, test } from 'vitest';
import {
  connectNats,
  deadLetterHeaders,
  on,
  PermanentError,
  RetryLaterError,
  startSubscription,
  type SubscriptionOptions,
  UnavailableError,
} from '../src/index.ts';
import { log, messagingServer, thing, thingsDurable } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

type Server = Awaited<ReturnType<typeof messagingServer>>;
const quickly = { attempts: 5, firstDelayMs: 1, longestDelayMs: 5 };
const subscribe = (
  server: Server,
  handle: Parameters<typeof on<typeof thingDone>>[1],
  more: Partial<SubscriptionOptions> = {},
) =>
  startSubscription({
    nats: server.email,
    declaration: thingsDurable,
    handlers: [on(thingDone, handle)],
    log,
    policy: quickly,
    ...more,
  });
const untilIdle = async (server: Server) =>
  expect.poll(server.pendingOf, { timeout: 20_000 }).toEqual({ waiting: 0, unacknowledged: 0 });

test('an event arrives with its envelope and data, is acknowledged once, and is gone', async () => {
  await using server = await messagingServer();
  const event = thing(1);
  expect(await server.publisher.publish(event)).toMatchObject({ stored: true });
  const seen: unknown[] = [];
  await using _subscription = subscribe(
    server,
    async (received, delivery) => void seen.push({ received, attempt: delivery.attempt }),
  );
  await expect.poll(() => seen).toHaveLength(1);
  await untilIdle(server);
  expect(seen).toEqual([
    {
      attempt: 1,
      received: {
        id: event.eventId,
        source: '/postrider/user',
        type: 'user.thing_done.v1',
        subject: 'u-1',
        time: '2026-01-01T00:00:00.000Z',
        sequence: event.id,
        traceparent: event.headers['traceparent'],
        correlationId: 'c-1',
        data: { userId: 'u-1', n: 1 },
      },
    },
  ]);
});

test('the same id is stored once, however often it is published', async () => {
  await using server = await messagingServer();
  const event = thing(1);
  await Promise.all([
    server.publisher.publish(event),
    server.publisher.publish(event),
    server.publisher.publish(event),
  ]);
  expect((await server.manager.streams.info('USER_EVENTS')).state.messages).toBe(1);
});

test('an event that is larger than the server takes, or not of its stream, is refused for ever', async () => {
  await using server = await messagingServer();
  expect(await server.publisher.publish(thing(1, { body: JSON.stringify('x'.repeat(1_100_000)) }))).toMatchObject({
    stored: false,
  });
  expect(await server.publisher.publish(thing(1, { stream: 'USER_CHALLENGES' }))).toMatchObject({ stored: false });
});

test('without a server publishing fails at once, and works again when it is back', async () => {
  await using server = await messagingServer();
  await server.server.kill();
  await expect.poll(() => server.user.health().status).toBe('down');
  await expect(server.publisher.publish(thing(1))).rejects.toThrow('NATS is not connected');
  await server.server.start();
  await expect.poll(() => server.user.health().status, { timeout: 10_000 }).toBe('up');
  expect(await server.publisher.publish(thing(1))).toMatchObject({ stored: true });
});

test('a handler that always fails is tried five times, then found in the dead letters with the reason', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  const attempts: number[] = [];
  await using _subscription = subscribe(server, async (_event, { attempt }) => {
    attempts.push(attempt);
    throw new TypeError('no such template');
  });
  await expect.poll(async () => (await server.deadLetters()).length, { timeout: 10_000 }).toBe(1);
  await untilIdle(server);
  expect(attempts).toEqual([1, 2, 3, 4, 5]);
  const [letter] = await server.deadLetters();
  expect(letter?.subject).toBe('dead.email-user-events.user.v1.thing_done.u-1');
  expect(letter?.string()).toBe('{"userId":"u-1","n":1}');
  expect(letter?.header.get(deadLetterHeaders.reason)).toBe('after 5 deliveries: TypeError: no such template');
  expect(letter?.header.get(deadLetterHeaders.subject)).toBe('user.v1.thing_done.u-1');
  expect(letter?.header.get('ce-type')).toBe('user.thing_done.v1');
});

test.each([
  ['no envelope', '{}', {}],
  ['no JSON', 'garbage', envelope()],
  ['another shape', '{"userId":"u-1","n":"one"}', envelope()],
])('a message with %s is a dead letter at once, and the next one is handled', async (_what, body, headers) => {
  await using server = await messagingServer();
  await server.publishRaw('user.v1.thing_done.u-1', body, headers);
  await server.publisher.publish(thing(2));
  const handled: number[] = [];
  await using _subscription = subscribe(server, async ({ data }) => void handled.push(data.n));
  await expect.poll(async () => (await server.deadLetters()).length, { timeout: 10_000 }).toBe(1);
  await untilIdle(server);
  expect(handled).toEqual([2]);
  expect((await server.deadLetters())[0]?.header.get(deadLetterHeaders.reason)).toMatch(/^ContractViolation/);
});

test('a permanent error is a dead letter at once', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  let calls = 0;
  await using _subscription = subscribe(server, async () => {
    calls++;
    throw new PermanentError('the sealed part does not open');
  });
  await expect.poll(async () => (await server.deadLetters()).length, { timeout: 10_000 }).toBe(1);
  expect(calls).toBe(1);
});

test('"later" comes again after its delay and spends no attempt of the policy', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  const attempts: number[] = [];
  await using _subscription = subscribe(
    server,
    async (_event, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 4) throw new RetryLaterError('not yet', 5);
    },
    { policy: { ...quickly, attempts: 2 } },
  );
  await expect.poll(() => attempts).toEqual([1, 2, 3, 4]);
  await untilIdle(server);
  expect(await server.deadLetters()).toEqual([]);
});

test('an unavailable dependency is no attempt: the intake closes, messages are held, and all are handled when it answers', async () => {
  await using server = await messagingServer();
  for (let n = 1; n <= 10; n++) await server.publisher.publish(thing(n));
  let isDown = true;
  let probes = 0;
  const handled: { n: number; attempt: number }[] = [];
  await using subscription = subscribe(
    server,
    async ({ data }, { attempt }) => {
      if (isDown) throw new UnavailableError('smtp', 'connection refused');
      handled.push({ n: data.n, attempt });
    },
    {
      concurrency: 3,
      probes: {
        smtp: async () => {
          probes++;
          if (isDown) throw new Error('still down');
        },
      },
    },
  );
  // Past the ack_wait of one second: whoever does not say "working" would be delivered again.
  await expect.poll(() => probes, { timeout: 10_000 }).toBeGreaterThan(3);
  expect(subscription.health()).toEqual({ status: 'down', detail: 'waiting for smtp' });
  expect(await server.pendingOf()).toEqual({ waiting: 7, unacknowledged: 3 });
  isDown = false;
  await expect.poll(() => handled.length, { timeout: 10_000 }).toBe(10);
  await untilIdle(server);
  expect(handled.every(({ attempt }) => attempt === 1)).toBe(true);
});

test('a dependency that answers its probe but never this message does not hold it for ever', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  await server.publisher.publish(thing(2));
  const handled: number[] = [];
  await using _subscription = subscribe(
    server,
    async ({ data }) => {
      if (data.n === 1) throw new UnavailableError('smtp', 'hung up on us');
      handled.push(data.n);
    },
    { concurrency: 1, policy: { ...quickly, attempts: 2 }, probes: { smtp: async () => undefined } },
  );
  await expect.poll(async () => (await server.deadLetters()).length).toBe(1);
  await untilIdle(server);
  expect(handled).toEqual([2]);
  expect((await server.deadLetters())[0]?.header.get(deadLetterHeaders.reason)).toMatch(
    /smtp answers, but not for this message/,
  );
});

test('a handler that hangs loses its place to others, and ends in the dead letters', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  await server.publisher.publish(thing(2));
  const handled: number[] = [];
  const never = new Promise<void>(() => undefined);
  await using _subscription = subscribe(
    server,
    async ({ data }) => {
      if (data.n === 1) await never;
      handled.push(data.n);
    },
    { concurrency: 1, policy: { ...quickly, attempts: 2 }, timeLimitMs: 100 },
  );
  await expect.poll(async () => (await server.deadLetters()).length).toBe(1);
  await untilIdle(server);
  expect(handled).toEqual([2]);
  expect((await server.deadLetters())[0]?.header.get(deadLetterHeaders.reason)).toBe(
    'after 2 deliveries: Error: It came to no end within 100 ms.',
  );
});

test('two thousand messages in a long backoff keep no healthy message waiting', async () => {
  await using server = await messagingServer({ durable: { max_ack_pending: 5_000 } });
  const total = 2_000;
  const poison = Array.from({ length: total }, (_, n) => thing(-1 - n));
  await Promise.all(poison.map(async (event) => server.publisher.publish(event)));
  let refused = 0;
  const handled: number[] = [];
  const handle = async ({ data }: { data: { n: number } }): Promise<void> => {
    if (data.n >= 0) return void handled.push(data.n);
    refused++;
    throw new RetryLaterError('not for a long time', 600_000);
  };
  await using _subscription = subscribe(server, handle, { declaration: server.declaration });
  await expect.poll(server.pendingOf).toEqual({ waiting: 0, unacknowledged: total });
  // One after the other: each is handled while all the others wait, and none of those is touched meanwhile.
  for (let n = 0; n < 50; n++) {
    await server.publisher.publish(thing(n));
    await expect.poll(() => handled.at(-1), { interval: 1 }).toBe(n);
  }
  expect(refused).toBe(total);
  expect(await server.deadLetters()).toEqual([]);
});

test('stopping under load leaves no delivered message behind', async () => {
  await using server = await messagingServer();
  for (let n = 0; n < 300; n++) await server.publisher.publish(thing(n));
  let handled = 0;
  for (let round = 0; round < 3; round++) {
    const goal = handled + 20;
    const subscription = subscribe(server, async () => void handled++, { concurrency: 16 });
    await expect.poll(() => handled, { interval: 1 }).toBeGreaterThan(goal);
    await subscription[Symbol.asyncDispose]();
    // What was handed back waits again; nothing is owed to a subscription that is gone.
    await using next = subscribe(server, async () => void handled++, { concurrency: 1 });
    await expect.poll(() => next.health().status).toBe('up');
  }
  await using _rest = subscribe(server, async () => void handled++);
  await untilIdle(server);
  expect(handled).toBe(300);
});

test('a handler that takes longer than ack_wait keeps its message', async () => {
  await using server = await messagingServer();
  await server.publisher.publish(thing(1));
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  let calls = 0;
  await using _subscription = subscribe(server, async () => {
    calls++;
    await mayEnd;
  });
  await expect.poll(() => calls).toBe(1);
  const { created } = await server.manager.streams.info('USER_EVENTS');
  const started = Date.parse(created);
  // The server's own clock says when three ack_waits are over.
  await expect
    .poll(async () => Date.parse((await server.manager.streams.info('USER_EVENTS')).ts ?? '') - started, {
      timeout: 20_000,
    })
    .toBeGreaterThan(3_500);
  end();
  await untilIdle(server);
  expect(calls).toBe(1);
});

test('handlers at work never exceed the concurrency, and nothing waits in a buffer', async () => {
  await using server = await messagingServer();
  for (let n = 1; n <= 50; n++) await server.publisher.publish(thing(n));
  let [atWork, most, done] = [0, 0, 0];
  await using _subscription = subscribe(
    server,
    async () => {
      most = Math.max(most, ++atWork);
      expect((await server.pendingOf()).unacknowledged).toBeLessThanOrEqual(4);
      atWork--;
      done++;
    },
    { concurrency: 4 },
  );
  await expect.poll(() => done, { timeout: 20_000 }).toBe(50);
  expect(most).toBe(4);
});

test('stopping lets the handler under way finish and hands nothing out any more', async () => {
  await using server = await messagingServer();
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const handled: number[] = [];
  const subscription = subscribe(
    server,
    async ({ data }) => {
      handled.push(data.n);
      await mayEnd;
    },
    { concurrency: 1 },
  );
  await server.publisher.publish(thing(1));
  await server.publisher.publish(thing(2));
  await expect.poll(() => handled).toEqual([1]);
  const stopped = subscription[Symbol.asyncDispose]();
  end();
  await stopped;
  expect(handled).toEqual([1]);
  await expect.poll(server.pendingOf).toEqual({ waiting: 1, unacknowledged: 0 });
});

test('a killed and restarted server interrupts nothing for long', async () => {
  await using server = await messagingServer();
  const handled: number[] = [];
  await using _subscription = subscribe(server, async ({ data }) => void handled.push(data.n));
  await server.publisher.publish(thing(1));
  await expect.poll(() => handled).toEqual([1]);
  await server.server.kill();
  await server.server.start();
  await expect.poll(() => server.user.health().status, { timeout: 10_000 }).toBe('up');
  await server.publisher.publish(thing(2));
  await expect.poll(() => handled.includes(2), { timeout: 15_000 }).toBe(true);
});

test('a deleted consumer is told, and taken up again when it is there again', async () => {
  await using server = await messagingServer();
  const handled: number[] = [];
  await using subscription = subscribe(server, async ({ data }) => void handled.push(data.n));
  await expect.poll(() => subscription.health().status).toBe('up');
  await server.manager.consumers.delete('USER_EVENTS', 'email-user-events');
  await expect.poll(() => subscription.health().status, { timeout: 10_000 }).toBe('down');
  await server.manager.consumers.add('USER_EVENTS', thingsDurable.config);
  await server.publisher.publish(thing(1));
  await expect.poll(() => handled, { timeout: 10_000 }).toEqual([1]);
});

test('a consumer that is not as declared is refused, naming the difference', async () => {
  await using server = await messagingServer();
  await server.manager.consumers.update('USER_EVENTS', 'email-user-events', { max_deliver: 3 });
  await using subscription = subscribe(server, async () => undefined);
  await expect
    .poll(() => subscription.health().detail, { timeout: 10_000 })
    .toBe('The consumer is not as declared: max_deliver is 3, declared 8.');
});

test('a handler whose events the durable does not deliver is refused at start', async () => {
  await using server = await messagingServer();
  const other = { ...thingsDurable, config: { ...thingsDurable.config, filter_subjects: ['user.v1.registered.*'] } };
  expect(() => subscribe(server, async () => undefined, { declaration: other })).toThrow(
    /does not deliver user\.thing_done\.v1/,
  );
});

test('a link that starts before its server connects when the server comes', async () => {
  await using server = await messagingServer();
  await server.server.stop();
  await using nats = connectNats({ ...server.server.as('user'), name: 'early', inboxPrefix: '_INBOX_user', log });
  expect(nats.health().status).toBe('starting');
  expect(nats.current()).toBeUndefined();
  await server.server.start();
  await nats.first();
  expect(nats.health().status).toBe('up');
});

function envelope(): Record<string, string> {
  return {
    'ce-id': 'e-1',
    'ce-source': '/test',
    'ce-type': 'user.thing_done.v1',
    'ce-subject': 'u-1',
    'ce-time': '2026-01-01T00:00:00Z',
  };
}
