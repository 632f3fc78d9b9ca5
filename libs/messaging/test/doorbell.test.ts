import { expect, test } from 'vitest';
import { connectNats, startDoorbell } from '../src/index.ts';
import { log, messagingServer } from './messaging-fixture.ts';

test('a ring is heard at once, many are heard as few, and the last one is never missing', async () => {
  await using server = await messagingServer();
  const subject = 'svc.user.outbox';
  const heard: number[] = [];
  let [own, rung] = [0, 0];
  await using _other = startDoorbell({ nats: server.operator, subject, bell: { ring: () => heard.push(rung) } });
  await using doorbell = startDoorbell({ nats: server.user, subject, bell: { ring: () => own++ } });
  await (await server.operator.first()).flush();
  doorbell.ring();
  await expect.poll(() => heard).toHaveLength(1);
  for (; rung < 1_000; rung++) doorbell.ring();
  await expect.poll(() => heard.at(-1)).toBe(1_000);
  // The one that began the millisecond, and the one that ended it.
  await expect.poll(() => heard.length).toBeGreaterThanOrEqual(3);
  expect(heard.length).toBeLessThan(500);
  expect(own).toBe(1_001);
  const before = heard.length;
  doorbell.ring();
  await expect.poll(() => heard.length).toBeGreaterThan(before);
});

test('a ring that is still to be passed on when the connection closes ends nothing', async () => {
  await using server = await messagingServer();
  for (let stop = 0; stop < 20; stop++) {
    const nats = connectNats({ ...server.server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log });
    const doorbell = startDoorbell({ nats, subject: 'svc.user.outbox', bell: { ring: () => undefined } });
    await nats.first();
    doorbell.ring();
    doorbell.ring();
    await doorbell[Symbol.asyncDispose]();
    // What is thrown by a timer fails the run.
    await nats[Symbol.asyncDispose]();
    expect(() => doorbell.ring()).not.toThrow();
  }
});
