import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startDoorbell } from '../src/index.ts';
import { messagingServer } from './messaging-fixture.ts';

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
  expect(heard.length).toBeLessThan(500);
  expect(own).toBe(1_001);
  await sleep(20);
  const before = heard.length;
  doorbell.ring();
  await expect.poll(() => heard).toHaveLength(before + 1);
});
