import { testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { UsageError } from '../src/command.ts';
import { pause, resume } from '../src/durables/pause.ts';
import { replay } from '../src/durables/replay.ts';
import { lag } from '../src/lag/lag.ts';
import { readLag } from '../src/lag/read-lag.ts';
import { connectAsOperator } from '../src/nats.ts';
import { startOpsWorld } from './ops-world.ts';

test('a durable is paused, shown as such, resumed, and set back to a time; a mail that was sent is not sent again', async () => {
  await using world = await startOpsWorld();
  const startedAt = new Date();
  expect(await world.ops('pause', 'email-challenges', '--for', '1h')).toMatchObject({ code: 0, stderr: '' });
  await world.register('ada@example.com');
  // In this process, since a poll asks it often.
  const nc = await connectAsOperator(world.nats.urls.operator);
  const waiting = async () => (await readLag(nc)).find(({ durable }) => durable === 'email-challenges');
  await expect.poll(waiting).toMatchObject({ waiting: 1, pausedUntil: expect.any(String) });
  const paused = await world.ops('status');
  expect(paused).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/email-challenges +USER_CHALLENGES +1 +0 +0 +paused/),
  });

  expect(await world.ops('resume', 'email-challenges')).toMatchObject({ code: 0 });
  await expect.poll(() => world.next('ada@example.com')).toMatch(/^done: Sent/);
  await expect.poll(waiting).toMatchObject({ waiting: 0, underWay: 0 });

  const from = startedAt.toISOString();
  const counted = await world.ops('replay', 'email-challenges', '--from', from, '--dry-run');
  expect(counted).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('would get 1 messages of USER_CHALLENGES'),
  });
  expect(await world.ops('replay', 'email-challenges', '--from', from)).toMatchObject({ code: 0 });
  await expect.poll(waiting).toMatchObject({ waiting: 0, underWay: 0 });
  expect(world.smtp.accepted).toHaveLength(1);

  const outbox = await world.ops('outbox', '--json');
  expect(outbox.code).toBe(0);
  expect(JSON.parse(outbox.stdout)).toMatchObject([
    { service: 'user', facts: { parked: 0 } },
    { service: 'email', facts: { parked: 0 } },
  ]);
  const status = await world.ops('status', '--json');
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({
    services: [{ status: 'ready' }, { status: 'ready' }],
    nats: {
      deadLetters: 0,
      streams: expect.arrayContaining([expect.objectContaining({ stream: 'USER_CHALLENGES', isFilling: false })]),
      lags: expect.arrayContaining([expect.objectContaining({ durable: 'email-challenges', waiting: 0 })]),
    },
    outboxes: [{ facts: { parked: 0 } }, { facts: { parked: 0 } }],
  });
  await nc.close();
  expect(await world.ops('status')).toMatchObject({ code: 0, stdout: expect.stringContaining('0 dead letters.') });
}, 240_000); // Seven commands, each a process: two seconds, and minutes on a busy machine.

test('lag is told to machines; a durable that does not exist, and a time that is none, are refused', async () => {
  await using server = await testNats();
  const lines: string[] = [];
  const surroundings = {
    places: async () => ({ natsUrl: server.urls.operator }),
    print: (line: string) => void lines.push(line),
  };
  await lag.run(['--json'], surroundings);
  const idle = { stream: 'USER_CHALLENGES', durable: 'email-challenges', waiting: 0, underWay: 0, listeners: 0 };
  expect(JSON.parse(lines.join('\n'))).toContainEqual(expect.objectContaining(idle));

  for (const [command, ...args] of [
    [pause, 'crm', '--for', '1h'],
    [pause, 'email-challenges', '--for', 'ever'],
    [pause, 'email-challenges'],
    [replay, 'email-challenges', '--from', 'yesterday'],
    [replay, 'email-challenges'],
    [resume, 'email-challenges', '--for', '1h'],
  ] as const)
    await expect(command.run(args, surroundings)).rejects.toThrow(UsageError);
  const unknown = pause.run(['crm', '--for', '1h'], surroundings);
  await expect(unknown).rejects.toThrow('There are: email-advisories, email-challenges');
});
