import { type JsMsg, jetstream } from '@nats-io/jetstream';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAcknowledger } from '../src/acknowledger.ts';
import { messagingServer, type MessagingServer, thing } from './messaging-fixture.ts';

/** So many messages of the durable, delivered and not settled. */
async function delivered({ email, publisher, declaration }: MessagingServer, count: number): Promise<JsMsg[]> {
  for (let n = 0; n < count; n++) await publisher.publish(thing(n));
  const { stream_name: stream, config } = declaration;
  const consumer = await jetstream(await email.first()).consumers.get(stream, config.durable_name);
  const messages: JsMsg[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 5_000 })) messages.push(message);
  return messages;
}

/** What an acknowledger looks at, with an acknowledgement that goes elsewhere. */
const messageFor = (reply: string): JsMsg => ({ reply }) as unknown as JsMsg;

test('what ends together is acknowledged together, and confirmed by the server', async () => {
  await using server = await messagingServer({ durable: { ack_wait: 30e9 } });
  using acknowledger = createAcknowledger(server.email);
  const messages = await delivered(server, 20);
  expect(await server.pendingOf()).toMatchObject({ unacknowledged: 20 });
  const nc = await server.email.first();
  const before = nc.stats().outMsgs;
  const confirmed: Promise<void>[] = [];
  for (const message of messages) {
    confirmed.push(acknowledger.confirm(message));
    await Promise.resolve(); // Another turn of the microtasks, of the same turn of the event loop.
  }
  expect(nc.stats().outMsgs).toBe(before);
  await endOfTurn();
  expect(nc.stats().outMsgs).toBe(before + 20);
  await Promise.all(confirmed);
  expect(await server.pendingOf()).toMatchObject({ unacknowledged: 0 });
});

test('each confirmation is its own: nobody there, no answer in time, and the others are confirmed', async () => {
  await using server = await messagingServer({ durable: { ack_wait: 30e9 } });
  using acknowledger = createAcknowledger(server.operator, 300);
  (await server.user.first()).subscribe('_INBOX_user.silent', { callback: () => undefined });
  await (await server.user.first()).flush();
  const real = await delivered(server, 2);
  const all = [...real.slice(0, 1), messageFor('_INBOX_user.silent'), messageFor('nobody.there'), ...real.slice(1)];
  const settled = await Promise.allSettled(all.map(async (message) => acknowledger.confirm(message)));
  expect(settled).toMatchObject([
    { status: 'fulfilled' },
    { reason: { message: expect.stringContaining('in time') } },
    { reason: { message: expect.stringContaining('Nobody is there') } },
    { status: 'fulfilled' },
  ]);
  await expect(acknowledger.confirm(messageFor('_INBOX_user.silent'))).rejects.toThrow('in time');
  expect(await server.pendingOf()).toMatchObject({ unacknowledged: 0 });
});

test('without a connection it says so at once, and goes on with the next one', async () => {
  await using server = await messagingServer({ durable: { ack_wait: 30e9 } });
  let isUp = false;
  const { current, inboxPrefix } = server.email;
  using acknowledger = createAcknowledger({ current: () => (isUp ? current() : undefined), inboxPrefix });
  const [message = messageFor('nobody.there')] = await delivered(server, 1);
  await expect(acknowledger.confirm(message)).rejects.toThrow('not connected');
  isUp = true;
  await acknowledger.confirm(message);
  expect(await server.pendingOf()).toMatchObject({ unacknowledged: 0 });
});

test('an inbox that the server refused is opened anew: permissions may have been put right', async () => {
  await using server = await messagingServer({ durable: { ack_wait: 30e9 } });
  const { current } = server.email;
  const nats = { current, inboxPrefix: '_INBOX_user' }; // Not the email service's.
  using acknowledger = createAcknowledger(nats, 500);
  const [first = messageFor('nobody.there'), second = messageFor('nobody.there')] = await delivered(server, 2);
  await expect(acknowledger.confirm(first)).rejects.toThrow('in time');
  nats.inboxPrefix = '_INBOX_email';
  await acknowledger.confirm(second);
});
