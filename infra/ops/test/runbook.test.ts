import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as createHeaders } from '@nats-io/transport-node';
import { emailVerified, toHeaders } from '@postrider/contracts';
import { natsCliPath, testFolder, testNats, whyNoNatsCli } from '@postrider/local/testing';
import { connectNats, on, PermanentError, startSubscription } from '@postrider/messaging';
import { consumerDeclaration } from '@postrider/topology';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { connectAsOperator } from '../src/nats.ts';
import { readOutboxes } from '../src/outbox/outbox.ts';
import { startOpsWorld } from './ops-world.ts';
import { openShell, recipe, recipes } from './runbook.ts';

const log = pino({ level: 'silent' });
const durable = 'email-user-events';
const patient = { timeout: 300_000 }; // Each command is a process: half a second, and half a minute on a busy machine.

test('every recipe has a test that follows it', () => {
  expect([...recipes.keys()]).toEqual([
    'Backup and restore',
    'A new subscriber', // runbook-subscriber.test.ts
    'Replay',
    'Poison message',
    'Parked event',
    'Stuck consumer',
    'Full disk',
    'From one replica to three', // This one and the rest: runbook-cluster.test.ts
    'Rolling upgrade',
    'Lost node',
  ]);
});

test.skipIf(natsCliPath === undefined)(
  `a stream is backed up and comes back with its messages and its durables’ places${whyNoNatsCli}`,
  patient,
  async () => {
    const steps = recipe('Backup and restore', 'backup', 'restore', 'check');
    await using server = await startServer();
    await server.publish('a', 'b', 'c');
    await server.take(1);
    expect(await server.type(steps.backup)).toMatchObject({ code: 0, output: expect.stringContaining('3 messages') });
    await server.manager.streams.delete('USER_EVENTS');
    expect(await server.type(steps.restore)).toMatchObject({ code: 0 });
    expect(await server.type(steps.check)).toMatchObject({ code: 0, output: expect.stringContaining(durable) });
    expect(await server.place()).toMatchObject({ num_pending: 2, ack_floor: { stream_seq: 1 } });
  },
);

test.skipIf(natsCliPath === undefined)(`a durable has its messages once more${whyNoNatsCli}`, patient, async () => {
  const steps = recipe('Replay', 'replay', 'withTheCli', 'check');
  await using server = await startServer();
  await server.publish('a', 'b');
  await server.take(2);
  const told = await server.type(steps.replay, { since: '2026-01-01T00:00:00Z' });
  expect(told).toMatchObject({ code: 0, output: expect.stringContaining(`${durable} would get 2 messages`) });
  expect(await server.place()).toMatchObject({ num_pending: 2 });
  await server.take(2);
  expect(await server.place()).toMatchObject({ num_pending: 0 });
  expect(await server.type(steps.withTheCli)).toMatchObject({ code: 0 });
  expect(await server.place()).toMatchObject({ num_pending: 2 });
  await server.take(2);
  expect(await server.type(steps.check)).toMatchObject({
    code: 0,
    output: expect.stringContaining('Unprocessed Messages: 0'),
  });
});

test.skipIf(natsCliPath === undefined)(
  `what can not be handled is found, replayed when that is mended, or discarded${whyNoNatsCli}`,
  patient,
  async () => {
    const steps = recipe('Poison message', 'look', 'replay', 'discard', 'check');
    await using server = await startServer();
    await using nats = connectNats({ ...server.as('email'), name: 'email', inboxPrefix: '_INBOX_email', log });
    const mended = { is: false };
    const seen: string[] = [];
    const handler = on(emailVerified, async ({ id }) => {
      if (!mended.is) throw new PermanentError('The template is broken.');
      seen.push(id);
    });
    await using _subscription = startSubscription({
      nats,
      declaration: consumerDeclaration(durable),
      handlers: [handler],
      log,
    });
    const letters = async (): Promise<number> => (await server.manager.streams.info('DEAD_LETTERS')).state.messages;
    await server.publish('broken-template');
    await expect.poll(letters).toBe(1);
    await server.publish({ id: 'garbage', body: '{"userId":42}' });
    await expect.poll(letters).toBe(2);

    const looked = await server.type(steps.look);
    expect(looked).toMatchObject({
      code: 0,
      output: expect.stringContaining('PermanentError: The template is broken.'),
    });
    expect(looked.output).toContain('2 dead letters.');
    mended.is = true;
    expect(await server.type(steps.replay)).toMatchObject({ code: 0, output: '1 replayed, 0 not.\n' });
    await expect.poll(() => seen).toEqual(['broken-template']);
    expect(await server.type(steps.discard)).toMatchObject({ code: 0, output: '1 discarded.\n' });
    const checked = await server.type(steps.check);
    expect(checked).toMatchObject({ code: 0, output: expect.stringContaining('0 dead letters.') });
    expect(checked.output).toContain(`replay  1 (${durable})  by grace: the handler is mended`);
    expect(checked.output).toContain(`discard  2 (${durable})  by grace: no event of ours`);
  },
);

test.skipIf(natsCliPath === undefined)(
  `a durable that is paused is resumed, and one that stands before a message goes on behind it${whyNoNatsCli}`,
  patient,
  async () => {
    const steps = recipe('Stuck consumer', 'look', 'resume', 'goOn', 'check');
    await using server = await startServer();
    await server.publish('a', 'stuck', 'c');
    await server.manager.consumers.pause('USER_EVENTS', durable, new Date(Date.now() + 3_600_000));
    expect(await server.type(steps.look)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/email-user-events +USER_EVENTS +3 +0 +0 +paused until/),
    });
    expect(await server.type(steps.resume)).toMatchObject({ code: 0 });
    const [first, stuck, third] = await server.pull(3);
    await Promise.all([first?.ackAck(), third?.ackAck()]);
    expect(stuck?.seq).toBe(2);
    expect(await server.place()).toMatchObject({ ack_floor: { stream_seq: 1 }, num_ack_pending: 1 });
    const gone = await server.type(steps.goOn);
    expect(gone).toMatchObject({ code: 0, output: expect.stringContaining('ce-id: stuck') });
    expect(await server.place()).toMatchObject({ num_ack_pending: 0, num_pending: 1 });
    await server.take(1);
    expect(await server.type(steps.check)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/email-user-events +USER_EVENTS +0 +0 +0 /),
    });
  },
);

test.skipIf(natsCliPath === undefined)(
  `while a stream is full requests are answered and events wait; with room again all mails go out${whyNoNatsCli}`,
  patient,
  async () => {
    const steps = recipe('Full disk', 'look', 'giveRoom', 'check');
    await using world = await startOpsWorld();
    await using folder = await testFolder('runbook');
    const url = world.nats.urls.operator;
    const type = openShell({ env: { ...world.env, NATS_URL: url }, cwd: folder.path });
    const mails = { timeout: 120_000 };
    await world.register('ada@example.com');
    await expect.poll(() => world.smtp.accepted.length, mails).toBe(1);
    const nc = await connectAsOperator(url);
    const { streams } = await jetstreamManager(nc, { timeout: 30_000 });
    const { state } = await streams.info('USER_CHALLENGES');
    await streams.update('USER_CHALLENGES', { max_bytes: state.bytes });
    await nc.close();

    await world.register('bob@example.com'); // 202, as ever.
    await world.register('cy@example.com');
    const looked = await type(steps.look);
    expect(looked).toMatchObject({ code: 0, output: expect.stringMatching(/^user +2 +\d+ +0$/m) });
    expect(await world.ops('status')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^USER_CHALLENGES +1 +\d+ +100 %/m),
    });
    expect(await type(steps.giveRoom)).toMatchObject({ code: 0, output: expect.stringContaining('max_bytes') });
    await expect
      .poll(() => world.smtp.accepted.map(({ to }) => to).toSorted(), mails)
      .toEqual(['ada@example.com', 'bob@example.com', 'cy@example.com']);
    expect(await type(steps.check)).toMatchObject({ code: 0, output: expect.stringMatching(/^user +0 +0 +0$/m) });
  },
);

test.skipIf(natsCliPath === undefined)(
  `an event that its stream refuses is seen, and published when that is mended${whyNoNatsCli}`,
  patient,
  async () => {
    const steps = recipe('Parked event', 'look', 'mend', 'release', 'check');
    await using world = await startOpsWorld();
    await using folder = await testFolder('runbook');
    const url = world.nats.urls.operator;
    const type = openShell({ env: { ...world.env, NATS_URL: url }, cwd: folder.path });
    const nc = await connectAsOperator(url);
    const { streams } = await jetstreamManager(nc, { timeout: 30_000 });
    await streams.update('USER_CHALLENGES', { max_msg_size: 100 });
    await nc.close();

    await world.register('ada@example.com'); // 202, as ever.
    await world.register('bob@example.com');
    const parked = /^parked: ([\da-f-]{36}) {2}challenge\.email_verification_issued\.v1/gm;
    const places = async () => ({
      userDatabaseUrl: world.env['USER_DATABASE_URL'] ?? '',
      emailDatabaseUrl: world.env['EMAIL_DATABASE_URL'] ?? '',
    });
    await expect
      .poll(async () => (await readOutboxes(await places())).map(({ facts }) => facts?.parked), { timeout: 120_000 })
      .toEqual([2, 0]);
    const looked = await type(steps.look);
    expect(looked).toMatchObject({ code: 1, output: expect.stringMatching(/^user +0 +0 +2$/m) });
    const [[, first = ''] = [], [, second = ''] = []] = looked.output.matchAll(parked);
    expect(await type(steps.mend)).toMatchObject({ code: 0, output: expect.stringContaining('max_msg_size') });

    const stranger = '01a20cb4-4200-759c-b350-c518b4619271';
    const one = await world.ops('outbox', 'release', first, stranger, '--json');
    expect({ ...one, stdout: JSON.parse(one.stdout) }).toMatchObject({
      code: 1,
      stdout: {
        released: [
          { service: 'user', events: 1, aggregates: 1 },
          { service: 'email', events: 0, aggregates: 0 },
        ],
        unknown: [stranger],
      },
    });
    await expect.poll(() => world.smtp.accepted.map(({ to }) => to), { timeout: 120_000 }).toEqual(['ada@example.com']);
    expect(second).toMatch(/^[\da-f-]{36}$/);
    const released = await type(steps.release);
    expect(released).toMatchObject({
      code: 0,
      output: expect.stringContaining('user: 1 events of 1 aggregates are to be published again.'),
    });
    await expect.poll(() => world.smtp.accepted.length, { timeout: 120_000 }).toBe(2);
    expect(await type(steps.check)).toMatchObject({ code: 0, output: expect.stringMatching(/^user +0 +0 +0$/m) });
    for (const wrong of [['release'], ['release', first, '--all'], ['release', 'ada'], ['relase', '--all']])
      expect(await world.ops('outbox', ...wrong)).toMatchObject({ code: 2 });
  },
);

type Published = string | { readonly id: string; readonly body: string };

/** A server as declared, without services: an operator who looks inside, and a shell. */
async function startServer() {
  await using starting = new AsyncDisposableStack();
  const nats = starting.use(await testNats());
  const { path: cwd } = starting.use(await testFolder('runbook'));
  const url = nats.urls.operator;
  const nc = await connectAsOperator(url);
  starting.defer(async () => nc.close());
  const manager = await jetstreamManager(nc, { timeout: 30_000 });
  const js = jetstream(nc, { timeout: 30_000 });
  const pull = async (count: number) => {
    const consumer = await js.consumers.get('USER_EVENTS', durable);
    const messages = [];
    for await (const message of await consumer.fetch({ max_messages: count, expires: 30_000 })) messages.push(message);
    return messages;
  };
  const running = starting.move();
  return {
    as: nats.as,
    manager,
    pull,
    take: async (count: number) => {
      const taken = await pull(count);
      expect(await Promise.all(taken.map(async (message) => message.ackAck()))).toHaveLength(count);
    },
    place: async () => manager.consumers.info('USER_EVENTS', durable),
    publish: async (...events: Published[]) => {
      for (const event of events) await publish(js, event);
    },
    type: async (block: string, env: Record<string, string> = {}) =>
      openShell({ env: { NATS_OPERATOR_URL: url, NATS_URL: url, ...env }, cwd })(block),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function publish(js: JetStreamClient, event: Published): Promise<void> {
  const { id, body } = typeof event === 'string' ? { id: event, body: JSON.stringify(emailVerified.sample) } : event;
  const { type, subject } = emailVerified.create(emailVerified.sample);
  const headers = createHeaders();
  const envelope = { id, source: '/test', type, subject: 'u', time: '2026-11-24T09:00:00Z', sequence: '1' };
  for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
  await js.publish(subject, body, { headers, msgID: id });
}
