import { testPostgres } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { runOps, startOpsWorld } from './ops-world.ts';

test('a mail that came is told from the registration to the word of the mail server, by address and by event', async () => {
  await using world = await startOpsWorld();
  await world.register('ada@example.com');
  await expect.poll(() => world.next('ada@example.com')).toMatch(/^done: Sent at .* said 250 2\.0\.0 to the message/);

  const { code, stdout } = await world.ops('why', 'ADA@Example.COM');
  expect({ code, stdout }).toMatchObject({ code: 0 });
  expect(stdout).toContain('ada@example.com, not verified');
  const titles = [
    'Registered',
    'user.registered.v1',
    'challenge.email_verification_issued.v1',
    'Mail email-verification@1',
    'Attempt 1',
  ];
  expect([...stdout.matchAll(/●  (.+)/g)].map(([, title]) => title).slice(0, 5)).toEqual(titles);
  expect(stdout).toMatch(/stream {3}USER_CHALLENGES #1, \+\d+ ms/);
  expect(stdout).toContain('server   said 250 2.0.0 to the message');
  expect(stdout).not.toContain('\u001B');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);

  const [eventId] = /(?<=challenge\.email_verification_issued\.v1\n.*event +)[\da-f-]{36}/.exec(stdout) ?? [''];
  const byEvent = await world.ops('why', eventId.toUpperCase());
  expect(byEvent).toMatchObject({ code: 0 });
  expect(byEvent.stdout).toContain('email-challenges: done with it');
  expect(byEvent.stdout).not.toContain('user.registered.v1');
  expect(byEvent.stdout).not.toContain('ada@example.com');
});

test('while the mail server is away, why says so and who acts next; afterwards it says that the mail was sent', async () => {
  await using world = await startOpsWorld();
  await world.smtp.down();
  await world.register('ada@example.com');
  await expect
    .poll(() => world.next('ada@example.com'))
    .toMatch(/^waiting: The mail server at 127\.0\.0\.1:\d+ .* again by itself; nothing to do\./);
  await expect
    .poll(async () => (await world.ops('why', 'ada@example.com')).stdout)
    .toMatch(/email {4}service degraded: .*\(waiting for smtp\)[^]*outcome {2}outage/);
  await world.smtp.up();
  await expect.poll(() => world.next('ada@example.com')).toMatch(/^done: Sent/);
});

test('a bounce and a refusal of ours are told apart, with the codes: one ends, the other is a dead letter to replay', async () => {
  await using world = await startOpsWorld();
  world.smtp.answer('rcpt', (_count, { to }) =>
    to.includes('ada') ? '550 5.1.1 no such user' : '550 5.7.1 not from you',
  );
  await world.register('ada@example.com');
  await world.register('eve@example.com');
  await expect
    .poll(() => world.next('ada@example.com'))
    .toBe('ended: Bounced: 550 5.1.1 to RCPT TO (no such address). It will not be tried again.');
  await expect
    .poll(() => world.next('eve@example.com'))
    .toMatch(
      /^stuck: It is a dead letter, DEAD_LETTERS #1: .*ours: policy\..* to challenge\.retry\.email-challenges\.challenge\.v1\./,
    );
  expect((await world.ops('why', 'eve@example.com')).stdout).toContain('✗  Dead letter');
});

test('without NATS an event is told to wait in the outbox, and with it again, to be done', async () => {
  await using world = await startOpsWorld();
  await world.nats.stop();
  await world.register('ada@example.com');
  const { code, stdout } = await world.ops('why', 'ada@example.com');
  expect({ code, stdout }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/could not ask NATS: [\d.]+:\d+: /);
  expect(stdout).toContain('pending: not published yet');
  expect(await world.next('ada@example.com')).toMatch(/^waiting: Its event waits in the outbox: NATS can’t be used/);
  await world.nats.start();
  await expect.poll(() => world.next('ada@example.com')).toMatch(/^done: Sent/);
});

test('without the user database the streams and the ledger still tell the story', async () => {
  await using postgres = await testPostgres();
  await using world = await startOpsWorld({ userDatabaseUrl: postgres.adminUrl });
  await world.register('ada@example.com');
  await expect.poll(() => world.next('ada@example.com')).toMatch(/^done: Sent/);
  await postgres.stop();
  const { code, stdout } = await world.ops('why', 'ada@example.com');
  expect({ code, stdout }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/could not ask the user database: [\d.]+:\d+: /);
  expect(stdout).toContain('challenge.email_verification_issued.v1');
  expect(await world.next('ada@example.com')).toMatch(/^done: Sent/);
});

test('nobody’s address or event ends with 1, nonsense with 2 and the list of commands', async () => {
  await using world = await startOpsWorld();
  expect(await world.ops('why', 'nobody@example.com')).toMatchObject({
    code: 1,
    stdout: 'Nothing is known of nobody@example.com.\n',
  });
  expect(await world.ops('why', '019343f1-ec00-7abc-8def-0123456789ab')).toMatchObject({ code: 1 });
  expect(await world.ops('why', 'somebody')).toMatchObject({ code: 2, stderr: expect.stringContaining('"somebody"') });
  expect(await world.ops('why')).toMatchObject({ code: 2 });
  expect(await world.ops('whence')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('why <address or event id>'),
  });
  expect(await runOps({}, ['why', 'ada@example.com'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('No stack runs in'),
  });
});
