import { type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  isPidTaken,
  testCluster,
  type TestCluster,
  testFolder,
  whyNoCluster,
  whyNoNatsCli,
} from '@postrider/local/testing';
import { applyTopology, connectionOptions } from '@postrider/messaging';
import { topology } from '@postrider/topology';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openShell, recipe, type Typed } from './runbook.ts';

const why = whyNoNatsCli || whyNoCluster;

/**
 * The recipes for a cluster, one after the other on one of them, while somebody publishes: what was acknowledged is there at the end,
 * once. A publisher repeats what was not, under its id, as the relay does.
 */
test.skipIf(why !== '')(
  `a cluster goes to three replicas, is restarted node by node, and loses a node and nothing else${why}`,
  async () => {
    await using cluster = await testCluster();
    await using folder = await testFolder('runbook');
    const type = openShell({ env: environment(cluster), cwd: folder.path });
    const nc = await connect({
      ...(await connectionOptions({ url: cluster.urls.operator, tlsCaFile: cluster.caFile })),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
    });
    await applyTopology({ nc, topology, log: pino({ level: 'silent' }) });
    const js = jetstream(nc, { timeout: 2_000 });
    const publishing = startPublishing(js);

    const three = recipe('From one replica to three', 'apply', 'check');
    expect(await type(three.apply)).toMatchObject({ code: 0, output: expect.stringContaining('Applied.') });
    await until(type, three.check);

    const upgrade = recipe('Rolling upgrade', 'before', 'go', 'check');
    for (const [name, node] of cluster.nodes) {
      await until(type, upgrade.before);
      const went = await type(`pid=${cluster.pidOf(name)}\n${upgrade.go}`);
      expect(went.code).toBe(0);
      await expect.poll(() => isPidTaken(cluster.pidOf(name)), { timeout: 120_000 }).toBe(false);
      await node.restart();
    }
    await until(type, upgrade.check);

    const lost = recipe('Lost node', 'look', 'remove', 'check');
    const node = cluster.nodes.get('nats-2');
    await node?.kill();
    await publishing.someMore();
    expect((await type(lost.look)).output).toContain('nats-2');
    await node?.start();
    await until(type, lost.check);

    await node?.kill();
    await cluster.join('nats-3');
    await until(type, lost.remove);
    await until(type, lost.check);
    const { streams } = await jetstreamManager(nc, { timeout: 30_000 });
    const replicas = async (): Promise<string[]> => {
      const { cluster: group } = await streams.info('USER_EVENTS');
      return [group?.leader, ...(group?.replicas ?? []).map(({ name }) => name)].map(String).toSorted();
    };
    await expect.poll(replicas, { timeout: 120_000 }).toEqual(['nats-0', 'nats-1', 'nats-3']);
    await publishing.someMore();

    const acknowledged = await publishing.stop();
    const { state } = await streams.info('USER_EVENTS');
    expect(state.messages).toBe(acknowledged);
    await nc.close();
  },
  600_000,
);

function environment(cluster: TestCluster): Record<string, string> {
  return {
    NATS_OPERATOR_URL: cluster.urls.operator,
    NATS_URL: cluster.urls.operator,
    NATS_SYSTEM_URL: cluster.urls.system,
    NATS_CA: cluster.caFile,
    NATS_TIMEOUT: '5s', // Asked of a lost node, the CLI waits as long; what takes longer is asked again.
    NODE_EXTRA_CA_CERTS: cluster.caFile,
  };
}

/** "Done when": somebody asks until it is. */
async function until(type: (block: string) => Promise<Typed>, check: string): Promise<void> {
  await expect.poll(async () => type(check), { timeout: 240_000, interval: 500 }).toMatchObject({ code: 0 });
}

/** One message at a time, again under the same id until it is acknowledged. */
function startPublishing(js: JetStreamClient) {
  let acknowledged = 0;
  const stopping = new AbortController();
  const publishing = (async () => {
    for (let isStored = true; !stopping.signal.aborted || !isStored;) {
      const msgID = `m-${acknowledged}`;
      isStored = await js.publish('user.v1.email_verified.u', '{}', { msgID, retries: 0 }).then(
        () => true,
        () => false, // No leader, or no answer: again.
      );
      if (isStored) acknowledged++;
    }
  })();
  return {
    someMore: async () => {
      const before = acknowledged;
      await expect.poll(() => acknowledged, { timeout: 120_000 }).toBeGreaterThan(before + 10);
    },
    stop: async () => {
      stopping.abort();
      await publishing;
      return acknowledged;
    },
  };
}
