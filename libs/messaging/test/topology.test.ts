import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import {
  applyTopology,
  connectNats,
  parseNatsUrl,
  planTopology,
  type Topology,
  type TopologyPlan,
} from '../src/index.ts';
import { log } from './messaging-fixture.ts';

const stream = {
  name: 'THINGS',
  subjects: ['thing.v1.>', 'thing.retry.>'],
  storage: 'file',
  max_age: 86_400e9,
} as const satisfies object;
const consumer = {
  durable_name: 'keeper',
  filter_subjects: ['thing.v1.done.*'],
  deliver_policy: 'all',
  ack_policy: 'explicit',
  ack_wait: 30e9,
  max_deliver: -1,
} as const satisfies object;

function declare(streamChanges: object = {}, consumerChanges: object = {}): Topology {
  return {
    streams: [{ ...stream, subjects: [...stream.subjects], ...streamChanges }],
    consumers: [
      {
        stream_name: 'THINGS',
        config: { ...consumer, filter_subjects: [...consumer.filter_subjects], ...consumerChanges },
      },
    ],
  };
}

interface World extends AsyncDisposable {
  readonly server: TestNats;
  readonly nc: NatsConnection;
  readonly manager: JetStreamManager;
  plan(topology: Topology): Promise<TopologyPlan>;
}

/** A server that has the topology of `declare()`, and one message. */
async function startWorld(): Promise<World> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await testNats({ topology: declare() }));
  const nc = await connect(parseNatsUrl(server.urls.operator));
  starting.defer(() => nc.close());
  await jetstream(nc).publish('thing.v1.done.1', '{}');
  const running = starting.move();
  return {
    server,
    nc,
    manager: await jetstreamManager(nc),
    plan: (topology) => planTopology(nc, topology),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

test('what is as declared is kept; what nobody declares is named and stays', async () => {
  await using world = await startWorld();
  await world.manager.streams.add({ name: 'FOREIGN', subjects: ['foreign.>'] });
  const plan = await world.plan(declare());
  expect(plan.changes.map(({ name, action }) => [name, action])).toEqual([
    ['THINGS', 'keep'],
    ['THINGS > keeper', 'keep'],
  ]);
  expect(plan.undeclared).toEqual(['FOREIGN']);
  await applyTopology({ nc: world.nc, topology: declare(), log, mayDestroy: true });
  expect((await world.manager.streams.info('FOREIGN')).config.name).toBe('FOREIGN');
});

test('a change that loses nothing is applied, and afterwards there is nothing to do', async () => {
  await using world = await startWorld();
  const wider = declare({ max_age: 2 * 86_400e9, description: 'Things' }, { ack_wait: 60e9 });
  const { changes } = await world.plan(wider);
  expect(changes).toMatchObject([
    { action: 'update', losses: [], differences: [{ setting: 'max_age', have: 86_400e9, want: 172_800e9 }, {}] },
    { action: 'update', losses: [], differences: [{ setting: 'ack_wait', have: 30e9, want: 60e9 }] },
  ]);
  await applyTopology({ nc: world.nc, topology: wider, log });
  expect((await world.plan(wider)).changes.map(({ action }) => action)).toEqual(['keep', 'keep']);
});

test('a durable may deliver more after the server was started anew', async () => {
  await using world = await startWorld();
  await world.server.restart();
  const more = declare({}, { filter_subjects: ['thing.v1.done.*', 'thing.v1.begun.*'] });
  await using nats = connectNats({ url: world.server.urls.operator, name: 'operator', log });
  const nc = await nats.first();
  await applyTopology({ nc, topology: more, log });
  expect((await planTopology(nc, more)).changes.map(({ action }) => action)).toEqual(['keep', 'keep']);
});

test.each([
  ['a shorter age', declare({ max_age: 3_600e9 }), 'update', 'the messages that are older'],
  ['a limit where there was none', declare({ max_msgs: 10 }), 'update', 'the oldest messages above it'],
  ['a subject less', declare({ subjects: ['thing.v1.>'] }), 'update', 'what is published to thing.retry.>'],
  ['interest retention', declare({ retention: 'interest' }), 'update', 'the messages that no consumer waits for'],
  ['another storage', declare({ storage: 'memory' }), 'replace', 'its 1 messages, and the place of each'],
  ['work-queue retention', declare({ retention: 'workqueue' }), 'replace', 'its 1 messages'],
  ['another start of a durable', declare({}, { deliver_policy: 'new' }), 'replace', 'its place'],
  ['another way to acknowledge', declare({}, { ack_policy: 'all' }), 'replace', 'its place'],
])('%s is refused, naming what it would lose; nothing is changed before somebody says that it may', async (...row) => {
  const [, topology, action, loss] = row;
  await using world = await startWorld();
  const change = (await world.plan(topology)).changes.find(({ losses }) => losses.length > 0);
  expect(change).toMatchObject({ action, losses: [expect.stringContaining(loss)] });
  const applying = applyTopology({ nc: world.nc, topology, log });
  await expect(applying).rejects.toThrow(/^Nothing was changed, since this would be lost: THINGS.*/);
  expect((await world.plan(declare())).changes.map(({ action: kept }) => kept)).toEqual(['keep', 'keep']);

  await applyTopology({ nc: world.nc, topology, log, mayDestroy: true });
  expect((await world.plan(topology)).changes.map(({ action: kept }) => kept)).toEqual(['keep', 'keep']);
});
