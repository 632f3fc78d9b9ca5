import { assert, expect, test, vi } from 'vitest';
import { deadLetterHeaders, on, PermanentError, startSubscription, startSweeper } from '../src/index.ts';
import { advisoriesDurable, log, messagingServer, thing } from './messaging-fixture.ts';
import { superviseHandlers } from './supervised-process.ts';
import { thingDone } from './thing-done.ts';

/**
 * A handler that kills its process takes along whatever is under way beside it. Here a supervisor starts the process again each time,
 * and what is asked for is the end: the culprit in the dead letters, everything else handled, and nothing waiting.
 */
vi.setConfig({ testTimeout: 300_000 });
const patiently = { timeout: 240_000 };

test.concurrent('a message whose handler kills its process is buried after four deaths, and all others are handled', async ({
  expect,
}) => {
  await using server = await messagingServer({ durable: { max_deliver: 100 } });
  for (let n = 1; n <= 40; n++) await server.publisher.publish(thing(n));
  const { declaration } = server;
  await using process = superviseHandlers({ access: server.server.as('email'), declaration, killer: 13, when: 'in' });
  await expect.poll(async () => (await server.deadLetters()).length, patiently).toBe(1);
  await expect.poll(server.pendingOf, patiently).toEqual({ waiting: 0, unacknowledged: 0 });
  const [letter] = await server.deadLetters();
  expect(letter?.json()).toEqual({ userId: 'u-1', n: 13 });
  expect(letter?.header.get(deadLetterHeaders.reason)).toMatch(/begun 3 times and never came to an end/);
  expect(new Set(process.handled)).toEqual(
    new Set(Array.from({ length: 40 }, (_, i) => i + 1).filter((n) => n !== 13)),
  );
  expect(process.deaths()).toBe(4);
});

test.concurrent.each([
  ['before its handler begins', 'before', 0],
  ['in its handler', 'in', 0],
  ['between its effect and the acknowledgement', 'after', 4],
] as const)('a message that kills %s is buried, and what was beside it is handled', async (_where, when, effects) => {
  await using server = await messagingServer({ durable: { max_deliver: 100 } });
  for (const n of [1, 13, 2]) await server.publisher.publish(thing(n));
  const { declaration } = server;
  await using process = superviseHandlers({ access: server.server.as('email'), declaration, killer: 13, when });
  await vi.waitUntil(async () => (await server.deadLetters()).length === 1, patiently);
  await vi.waitUntil(async () => (await server.pendingOf()).unacknowledged === 0, patiently);
  // Its effects are as many as its handler's runs: who can't bear that asks a ledger, or a table of handled events.
  assert.equal(process.handled.filter((n) => n === 13).length, effects);
  assert.deepEqual(new Set(process.handled.filter((n) => n !== 13)), new Set([1, 2]));
});

test.concurrent.each(['in', 'after'] as const)(
  'a process that died once (%s its handler) loses nothing',
  async (when) => {
    await using server = await messagingServer();
    for (const n of [1, 13, 2]) await server.publisher.publish(thing(n));
    const { declaration } = server;
    const argument = { access: server.server.as('email'), declaration, killer: 13, when, times: 1 };
    await using process = superviseHandlers(argument);
    await vi.waitUntil(() => new Set(process.handled).size === 3, patiently);
    await vi.waitUntil(async () => (await server.pendingOf()).unacknowledged === 0, patiently);
    assert.equal(process.handled.filter((n) => n === 13).length, when === 'in' ? 1 : 2);
    assert.deepEqual(await server.deadLetters(), []);
  },
);

test('killed between the letter and the end of the message: the next delivery stores no second letter', async () => {
  await using server = await messagingServer();
  const event = thing(1);
  await server.publisher.publish(event);
  await server.publishRaw(`dead.email-user-events.${event.subject}`, event.body, {
    'Nats-Msg-Id': 'dlq:USER_EVENTS:email-user-events:1',
  });
  let calls = 0;
  const refuse = on(thingDone, async () => {
    calls++;
    throw new PermanentError('It can’t be handled.');
  });
  await using _subscription = startSubscription({
    nats: server.email,
    declaration: server.declaration,
    handlers: [refuse],
    log,
  });
  await expect.poll(() => calls).toBe(1);
  await expect.poll(server.pendingOf).toEqual({ waiting: 0, unacknowledged: 0 });
  expect(await server.deadLetters()).toHaveLength(1);
});

test.concurrent('two messages whose handlers kill their process are both buried, and nobody else is', async ({
  expect,
}) => {
  await using server = await messagingServer({ durable: { max_deliver: 100 } });
  // Its handler dies for every second of them: one name, two messages.
  for (const n of [1, 13, 2, 13, 3]) await server.publisher.publish(thing(n));
  const { declaration } = server;
  await using process = superviseHandlers({ access: server.server.as('email'), declaration, killer: 13, when: 'in' });
  await expect.poll(async () => (await server.deadLetters()).length, patiently).toBe(2);
  await expect.poll(server.pendingOf, patiently).toEqual({ waiting: 0, unacknowledged: 0 });
  expect(new Set(process.handled)).toEqual(new Set([1, 2, 3]));
});

test.concurrent('killed on the last delivery that the server makes, a message is swept into the dead letters', async ({
  expect,
}) => {
  // Nothing marks suspects here, so that max_deliver is the end.
  await using server = await messagingServer({ durable: { max_deliver: 2 }, without: 'SUSPECTS' });
  await server.publisher.publish(thing(13));
  const { declaration } = server;
  await using process = superviseHandlers({ access: server.server.as('email'), declaration, killer: 13, when: 'in' });
  await using sweeper = startSweeper({ nats: server.email, declaration: advisoriesDurable, log });
  await expect.poll(async () => (await server.deadLetters()).length, patiently).toBe(1);
  const [letter] = await server.deadLetters();
  expect(letter?.subject).toBe('dead.email-user-events.user.v1.thing_done.u-1');
  expect(letter?.header.get(deadLetterHeaders.reason)).toMatch(/after 2 deliveries: none of them came to an end/);
  expect(letter?.header.get(deadLetterHeaders.sequence)).toBe('1');
  expect(letter?.header.get('ce-type')).toBe('user.thing_done.v1');
  expect(process.deaths()).toBe(2);
  expect(sweeper.health()).toEqual({ status: 'up' });
  await expect
    .poll(async () => (await server.manager.consumers.info('ADVISORIES', 'email-advisories')).num_ack_pending)
    .toBe(0);
});

test('what the server gave up and nobody has any more leaves no letter, and what is no advisory holds nothing up', async () => {
  await using server = await messagingServer({ durable: { max_deliver: 1 } });
  const subject = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.USER_EVENTS.email-user-events';
  await server.publisher.publish(thing(1));
  const advisory = { stream: 'USER_EVENTS', consumer: 'email-user-events', deliveries: 1 };
  for (const body of ['garbage', { ...advisory, stream_seq: 99 }, { ...advisory, stream_seq: 1 }])
    await server.publishRaw(subject, typeof body === 'string' ? body : JSON.stringify(body));
  await using _sweeper = startSweeper({ nats: server.email, declaration: advisoriesDurable, log });
  await expect.poll(async () => (await server.deadLetters()).length).toBe(1);
  await expect
    .poll(async () => (await server.manager.consumers.info('ADVISORIES', 'email-advisories')).ack_floor.stream_seq)
    .toBe(3);
});

test.concurrent('a handler that blocks its process for many ack_waits keeps nobody waiting: another replica takes over what it held', async ({
  expect,
}) => {
  await using server = await messagingServer({ durable: { max_deliver: 100 } });
  const { declaration } = server;
  const access = server.server.as('email');
  await using blocked = superviseHandlers({ access, declaration, killer: 13, when: 'in', times: 1, blocksMs: 15_000 });
  for (const n of [1, 13, 2, 3]) await server.publisher.publish(thing(n));
  // It holds four messages, three of them settled or waiting for a loop that does not turn, when the other one comes.
  await expect.poll(async () => (await server.pendingOf()).waiting, patiently).toBe(0);
  await using other = superviseHandlers({ access, declaration, killer: 0, when: 'in' });
  await expect.poll(() => other.handled, patiently).toContain(13);
  await expect.poll(server.pendingOf, patiently).toEqual({ waiting: 0, unacknowledged: 0 });
  expect(new Set([...blocked.handled, ...other.handled])).toEqual(new Set([1, 2, 3, 13]));
  expect(blocked.deaths()).toBe(0);
  expect(await server.deadLetters()).toEqual([]);
});
