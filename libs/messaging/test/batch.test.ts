import { jetstreamManager } from '@nats-io/jetstream';
import { testNats } from '@postrider/local/testing';
import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { connectNats, createPublisher, type EventToPublish } from '../src/index.ts';
import { log, thing } from './messaging-fixture.ts';

/** The declared streams, a publisher with the user service's permissions, and an operator who looks. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await testNats());
  const user = stack.use(connectNats({ ...server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log }));
  const operator = stack.use(connectNats({ url: server.urls.operator, name: 'operator', log }));
  const manager = await jetstreamManager(await operator.first());
  await user.first();
  const sequenceFrom = { stream: 'USER_EVENTS', subject: 'user.v1.>' };
  const publisher = createPublisher({ nats: user, source: '/postrider/user', sequenceFrom, log });
  const running = stack.move();
  return { manager, publisher, server, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const things = (count: number, more: Partial<EventToPublish> = {}): EventToPublish[] =>
  Array.from({ length: count }, (_, n) => thing(n, more));

/** What must not be public, on its own stream. */
const challenge = (n: number, more: Partial<EventToPublish> = {}): EventToPublish =>
  thing(n, { stream: 'USER_CHALLENGES', subject: `challenge.v1.code_requested.u-${n}`, ...more });

test('a batch is stored whole, in its order, at positions that follow each other, and each message is what it is alone', async () => {
  await using here = await world();
  const { publisher, manager } = here;
  const [alone, ...others] = [thing(0), ...things(3)];
  await publisher.publish(alone);
  const expiresAt = new Date(Date.now() + 600_000);
  expect(await publisher.stageBatch(others.slice(0, 2)).commit()).toEqual({ firstPosition: 2 });
  expect(await publisher.stageBatch([challenge(1), challenge(2, { expiresAt })]).commit()).toEqual({
    firstPosition: 1,
  });
  const [first, last] = await Promise.all([1, 3].map((seq) => manager.streams.getMessage('USER_EVENTS', { seq })));
  expect(last?.json()).toEqual(JSON.parse(others[1]?.body ?? ''));
  expect(last?.header.get('Nats-Msg-Id')).toBe(others[1]?.eventId);
  const envelope = (message: typeof first) =>
    message?.header
      .keys()
      .filter((key) => /^(ce-|trace)/.test(key))
      .toSorted();
  expect(envelope(last)).toEqual(envelope(first));
  const expiring = await manager.streams.getMessage('USER_CHALLENGES', { seq: 2 });
  expect(expiring?.header.get('Nats-TTL')).toMatch(/^59\ds$/);
  expect(await publisher.highestId()).toBe(others[1]?.id);
});

test('what was staged and never committed is nowhere', async () => {
  await using here = await world();
  here.publisher.stageBatch(things(3));
  expect(await here.publisher.publish(thing(4))).toMatchObject({ position: 1 });
  expect((await here.publisher.inspect('USER_EVENTS')).lastPosition).toBe(1);
});

test('one known id, or one message of another stream, refuses the whole batch; one that is too large is no batch', async () => {
  await using here = await world();
  const { publisher } = here;
  const [known, foreign] = [thing(1), challenge(1)];
  await publisher.publish(known);
  await expect(publisher.stageBatch([...things(3), known]).commit()).rejects.toThrow('10201');
  await expect(publisher.stageBatch([thing(5), foreign, thing(6)]).commit()).rejects.toThrow('incomplete');
  await expect(publisher.stageBatch([thing(7), { ...foreign, stream: 'USER_EVENTS' }]).commit()).rejects.toThrow(
    'answers',
  );
  const large = thing(8, { body: JSON.stringify({ text: 'x'.repeat(2_000_000) }) });
  expect(() => publisher.stageBatch([thing(9), large, thing(10)])).toThrow(/payload/);
  expect((await publisher.inspect('USER_EVENTS')).lastPosition).toBe(1);
  expect((await publisher.inspect('USER_CHALLENGES')).lastPosition).toBe(0);
});

test('a stream that is not declared to take batches says so, and refuses them', async () => {
  await using here = await world();
  const { publisher, manager } = here;
  expect((await publisher.inspect('USER_EVENTS')).takesBatches).toBe(true);
  await manager.streams.update('USER_EVENTS', { allow_atomic: false });
  expect((await publisher.inspect('USER_EVENTS')).takesBatches).toBe(false);
  await expect(publisher.stageBatch(things(3)).commit()).rejects.toThrow('disabled');
  expect(await publisher.publish(thing(4))).toMatchObject({ position: 1 });
});

test('that another message stands somewhere is found out without reading any; what was purged or comes later is none', async () => {
  await using here = await world();
  const { publisher, manager } = here;
  for (const n of [1, 2, 3]) await publisher.publish(challenge(n));
  await publisher.publish(challenge(1, { eventId: uuidv7(), messageId: uuidv7() }));
  const isReplaced = async (n: number, position: number) => publisher.isReplaced(challenge(n), position);
  expect(await isReplaced(2, 2)).toBe(false);
  expect(await isReplaced(1, 1)).toBe(false); // A later one on its subject leaves it open.
  expect(await isReplaced(2, 3)).toBe(true);
  expect(await isReplaced(9, 4)).toBe(true);
  expect(await isReplaced(9, 5)).toBe(false); // Nothing stands there: `lastPosition` is whose business that is.
  await manager.streams.purge('USER_CHALLENGES', { filter: 'challenge.v1.*.u-3' });
  expect(await isReplaced(3, 3)).toBe(false);
  await manager.streams.purge('USER_CHALLENGES');
  expect(await isReplaced(2, 2)).toBe(false);
  expect((await publisher.inspect('USER_CHALLENGES')).lastPosition).toBe(4); // Asking stored nothing.
});

test('the highest number is found behind messages that were published again with low ones', async () => {
  await using here = await world();
  const { publisher } = here;
  for (const event of things(3, { id: '90' }))
    await publisher.publish({ ...event, id: event.body.includes('2') ? '99' : '70' });
  for (const event of things(150, { id: '5' })) await publisher.publish({ ...event, messageId: `${event.eventId}.r1` });
  expect(await publisher.highestId()).toBe('99');
});
