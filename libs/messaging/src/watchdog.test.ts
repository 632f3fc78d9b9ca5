import type { ConsumerInfo } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { createWatchdog } from './watchdog.ts';

/** A consumer as the server describes it: only what the watchdog reads. */
const described = (info: { num_pending: number; num_ack_pending?: number; paused?: boolean }) => ({
  info: async () => ({ num_ack_pending: 0, config: { max_ack_pending: 10 }, ...info }) as ConsumerInfo,
});

async function look(watchdog: ReturnType<typeof createWatchdog>, pulls: readonly number[]): Promise<unknown> {
  let answer: unknown;
  for (const taken of pulls) answer = await watchdog.look(taken);
  return answer;
}

test('empty pulls are usual where nothing waits', async () => {
  expect(await look(createWatchdog(described({ num_pending: 0 })), [0, 0, 0, 0, 0, 0, 0, 0])).toBeUndefined();
});

test('something that waits after some empty pulls may have come just now', async () => {
  expect(await look(createWatchdog(described({ num_pending: 1 })), [0, 0, 0])).toBeUndefined();
});

test('something that waits through the next pull as well is a stall; for one without a known cause it throws', async () => {
  await expect(look(createWatchdog(described({ num_pending: 1 })), [0, 0, 0, 0])).rejects.toThrow(
    'Delivery is stalled, without a known cause.',
  );
});

test.each([
  [{ num_pending: 1, paused: true }, 'the consumer is paused'],
  [{ num_pending: 1, num_ack_pending: 10 }, 'no more than 10 messages may be unacknowledged'],
])('a stall with a known cause is named: %j', async (info, cause) => {
  const watchdog = createWatchdog(described(info));
  expect(await look(watchdog, [0, 0, 0, 0])).toMatchObject({ cause, waiting: 1 });
  expect(await watchdog.look(1)).toBeUndefined();
});

test('it is quiet from a look that finds nothing waiting until something comes', async () => {
  const watchdog = createWatchdog(described({ num_pending: 0 }));
  expect(watchdog.isQuiet()).toBe(false);
  await look(watchdog, [0, 0]);
  expect(watchdog.isQuiet()).toBe(false);
  await look(watchdog, [0, 0, 0, 0]);
  expect(watchdog.isQuiet()).toBe(true);
  await watchdog.look(1);
  expect(watchdog.isQuiet()).toBe(false);
  const stalling = createWatchdog(described({ num_pending: 1, paused: true }));
  await look(stalling, [0, 0, 0, 0]);
  expect(stalling.isQuiet()).toBe(false);
});
