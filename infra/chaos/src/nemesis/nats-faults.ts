import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import type { Fault, Scene } from './fault.ts';

/** What happens inside of the broker: consumers and streams that are deleted, cut short or rolled back. */
export const natsFaults: readonly Fault[] = [
  {
    name: 'consumer-deleted',
    part: 'NATS',
    promise: 'made anew it delivers everything again, and the ledger absorbs what was handled',
    kind: 'lasting',
    weight: 0.5,
    // All of the stream comes again: late in a long run there would be no time left for it.
    isPossible: ({ progress }) => progress() < 0.5,
    async inject(scene) {
      const consumer = scene.chance.pick(scene.fleet.broker.topology.consumers);
      const isDeleted = await asOperator(scene, async (manager) =>
        manager.consumers.delete(consumer?.stream_name ?? '', consumer?.config.durable_name ?? ''),
      );
      await scene.lasts(1_000, 4_000);
      await applyUntilItWorks(scene);
      return isDeleted;
    },
  },
  {
    name: 'leader-killed',
    part: 'NATS',
    promise: 'another node leads; no acknowledged message is lost',
    kind: 'kill',
    weight: 1.5,
    isPossible: ({ fleet }) => fleet.broker.members.length > 1,
    async inject(scene) {
      let leader: string | undefined;
      await asOperator(scene, async (manager) => {
        leader = (await manager.streams.info('USER_EVENTS')).cluster?.leader;
        return true;
      });
      return scene.fleet.broker.members.find(({ name }) => name === leader)?.kill() ?? false;
    },
  },
  {
    name: 'purged-for-erasure',
    part: 'NATS',
    promise: 'is not mistaken for loss',
    kind: 'lasting',
    weight: 0.7,
    async inject(scene) {
      const userId = await somebodyVerified(scene);
      if (userId === undefined) return false;
      scene.erased['USER_EVENTS'] = (scene.erased['USER_EVENTS'] ?? new Set()).add(userId);
      return asOperator(scene, async (manager) =>
        manager.streams.purge('USER_EVENTS', { filter: `user.v1.*.${userId}` }).then(() => true),
      );
    },
  },
  {
    name: 'dedupe-window-passed',
    part: 'NATS',
    promise: 'what is published again is stored twice, and the ledger absorbs it',
    kind: 'lasting',
    weight: 1,
    async inject(scene) {
      // The window is as good as gone: whatever the relay repeats from here on is a second message.
      const isShort = await asOperator(scene, async (manager) => setWindows(scene, manager, 100 * 1e6));
      for (let kills = 0; kills < 3 && !scene.signal.aborted; kills++) {
        scene.chance.pick(scene.fleet.users)?.member.kill();
        scene.chance.pick(scene.fleet.broker.members)?.kill();
        await scene.lasts(2_000, 3_000);
      }
      await applyUntilItWorks(scene);
      return isShort;
    },
  },
  {
    name: 'stream-deleted',
    part: 'NATS',
    promise: 'made anew it is filled again from the outbox',
    kind: 'lasting',
    weight: 0.3,
    isPossible: ({ hasWatermarks, progress }) => hasWatermarks && progress() < 0.5,
    async inject(scene) {
      const stream = scene.chance.pick(['USER_EVENTS', 'USER_CHALLENGES', 'EMAIL_EVENTS']) ?? 'USER_EVENTS';
      const isDeleted = await asOperator(scene, async (manager) => manager.streams.delete(stream));
      await scene.lasts(1_000, 3_000);
      await applyUntilItWorks(scene);
      return isDeleted;
    },
  },
  {
    name: 'store-rolled-back',
    part: 'NATS',
    promise: 'what the older copy lacks is published again from the outbox',
    kind: 'lasting',
    weight: 0.3,
    isPossible: ({ hasWatermarks, progress, fleet }) =>
      hasWatermarks && progress() < 0.6 && fleet.broker.store !== undefined,
    async inject(scene) {
      const { store, members } = scene.fleet.broker;
      if (store === undefined) return false;
      await whileDown(members, store.save);
      await scene.lasts(8_000, 20_000);
      await whileDown(members, store.restore);
      return true;
    },
  },
];

async function whileDown(members: Scene['fleet']['broker']['members'], work: () => Promise<void>): Promise<void> {
  const held = members.map((member) => member.holdDown());
  try {
    await sleep(300); // What was killed still closes its files.
    await work();
  } finally {
    for (const one of held) one[Symbol.dispose]();
  }
}

async function setWindows(scene: Scene, manager: JetStreamManager, nanoseconds: number): Promise<boolean> {
  for (const { name } of scene.fleet.broker.topology.streams)
    await manager.streams.update(name, { duplicate_window: nanoseconds });
  return true;
}

/** A server that was killed a moment ago takes it the next time; without this the run could not end well. */
async function applyUntilItWorks({ fleet }: Scene): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await fleet.broker.applyTopology();
    } catch (error) {
      if (tries === 40) throw error;
      await sleep(500);
    }
  }
}

async function asOperator(
  { fleet }: Pick<Scene, 'fleet'>,
  work: (manager: JetStreamManager) => Promise<boolean>,
): Promise<boolean> {
  const servers = fleet.broker.urls.operator.split(',').map((url) => new URL(url));
  try {
    const nc = await connect({
      servers: servers.map(({ host }) => host),
      user: servers[0]?.username ?? '',
      pass: servers[0]?.password ?? '',
      timeout: 2_000,
      reconnect: false,
    });
    try {
      return await work(await jetstreamManager(nc, { timeout: 3_000 }));
    } finally {
      await nc.close();
    }
  } catch {
    return false; // Another fault got there first.
  }
}

async function somebodyVerified({ fleet }: Scene): Promise<string | undefined> {
  const client = new Client({ connectionString: fleet.databases.urls.user, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ id: string }>(
      `select id from "user" where verified_email is not null order by random() limit 1`,
    );
    return rows[0]?.id;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
