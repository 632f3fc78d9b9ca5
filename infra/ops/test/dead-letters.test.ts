import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers as createHeaders } from '@nats-io/transport-node';
import { emailVerified, toHeaders } from '@postrider/contracts';
import { testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { type Run, runOps } from './ops-world.ts';

const userId = (n: number): string => `01910000-0000-7000-8000-00000000000${n}`;
const signed = ['--by', 'grace', '--because', 'the template is mended'];

/** A server with the declared streams, and some dead letters of verified addresses. */
async function deadLettersOf(addresses: readonly string[]) {
  await using starting = new AsyncDisposableStack();
  const nats = starting.use(await testNats());
  const { host, username, password } = new URL(nats.urls.operator);
  const nc = await connect({ servers: host, user: username, pass: password });
  starting.defer(() => nc.close());
  for (const [n, email] of addresses.entries()) {
    const event = emailVerified.create({ userId: userId(n), email, method: 'link', locale: 'en' });
    const headers = createHeaders();
    const envelope = {
      id: `e-${n}`,
      source: '/test',
      type: event.type,
      subject: userId(n),
      time: '2026-01-01T00:00:00Z',
    };
    const why = { Reason: 'TypeError: no such template', Stream: event.stream, Consumer: 'email-user-events' };
    const place = { Sequence: String(n + 1), Deliveries: '5', Subject: event.subject };
    for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
    for (const [name, value] of Object.entries({ ...why, ...place })) headers.set(`Postrider-Dead-${name}`, value);
    await jetstream(nc).publish(`dead.email-user-events.${event.subject}`, JSON.stringify(event.payload), { headers });
  }
  const running = starting.move();
  return {
    manager: await jetstreamManager(nc),
    ops: async (...args: string[]): Promise<Run> =>
      runOps({ NATS_OPERATOR_URL: nats.urls.operator }, ['dead-letters', ...args]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

test('letters are listed, counted before they are replayed, replayed, and on record', async () => {
  await using world = await deadLettersOf(['ada@example.com', 'grace@example.com', 'mary@example.com']);
  const list = await world.ops('list', '--reason', 'no such template');
  expect(list).toMatchObject({ code: 0, stderr: '' });
  expect(list.stdout).toContain('3 dead letters.');
  expect(list.stdout).not.toContain('@example.com');
  expect((await world.ops('replay', '2', '3', '--dry-run')).stdout).toBe('2 would be replayed, 0 not.\n');
  expect((await world.ops('replay', '2', '3', ...signed)).stdout).toBe('2 replayed, 0 not.\n');
  expect((await world.ops('list')).stdout).toContain('1 dead letters.');
  const first = await world.manager.streams.getMessage('USER_EVENTS', { seq: 1 });
  expect(first?.subject).toBe(`user.retry.email-user-events.user.v1.email_verified.${userId(1)}`);
  expect(first?.header.get('Postrider-Replay-Of')).toBe('2');
  expect((await world.ops('audit')).stdout).toMatch(
    /replay {2}2 \(email-user-events\) {2}by grace: the template is mended/,
  );
});

test('a letter is shown without the personal data that its contract names, unless that is asked for', async () => {
  await using world = await deadLettersOf(['ada@example.com']);
  const shown = await world.ops('show', '1');
  expect(shown.stdout).toContain('Postrider-Dead-Reason: TypeError: no such template');
  expect(shown.stdout).toContain('"method": "link"');
  expect(shown.stdout).not.toContain('ada@');
  expect((await world.ops('show', '1', '--reveal')).stdout).toContain('ada@example.com');
  expect(await world.ops('show', '9')).toMatchObject({ code: 1, stdout: 'There is no such letter.\n' });
});

test('an edit that the contract refuses changes nothing; one that it takes is sent and recorded by name', async () => {
  await using world = await deadLettersOf(['ada@example.com']);
  const refused = await world.ops('replay', '1', '--set', 'method="pigeon"', ...signed);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain('1 stays: The data breaks user.email_verified.v1: method');
  expect((await world.ops('replay', '1', '--set', 'locale="de"', ...signed)).stdout).toBe('1 replayed, 0 not.\n');
  expect((await world.manager.streams.getMessage('USER_EVENTS', { seq: 1 }))?.json()).toMatchObject({ locale: 'de' });
  expect((await world.ops('audit', '--json')).stdout).toContain('"edited":["locale"]');
});

test('a discard needs a name, a reason and letters, and leaves a record', async () => {
  await using world = await deadLettersOf(['ada@example.com', 'grace@example.com']);
  expect((await world.ops('discard', '1')).code).toBe(2);
  expect((await world.ops('discard', ...signed)).code).toBe(2);
  expect((await world.ops('discard', '--all', ...signed)).stdout).toBe('2 discarded.\n');
  expect((await world.ops('list')).stdout).toBe('0 dead letters.\n');
  expect((await world.ops('audit')).stdout.trim().split('\n')).toHaveLength(2);
});
