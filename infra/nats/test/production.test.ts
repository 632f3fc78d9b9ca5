import { connect } from '@nats-io/transport-node';
import { testCluster, whyNoCluster } from '@postrider/local/testing';
import { applyTopology, connectionOptions, connectNats, watchStreams } from '@postrider/messaging';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { atTier, streamDeclaration, topology } from '../src/index.ts';

const log = pino({ level: 'silent' });

test.skipIf(whyNoCluster !== '')(
  `three nodes of production: TLS and nkeys alone let in, and the streams keep what tier T1 promises${whyNoCluster}`,
  async () => {
    await using cluster = await testCluster();
    const { tlsCaFile: _trusted, ...untrusting } = cluster.as('user');
    await expect(connect({ ...(await connectionOptions(untrusting)), reconnect: false })).rejects.toThrow(
      /certificate/i,
    );

    const nc = await connect({
      ...(await connectionOptions(cluster.as('provisioner'))),
      inboxPrefix: '_INBOX_provisioner',
    });
    await applyTopology({ nc, topology: atTier(topology, 'T1'), log });
    await nc.close();

    await using nats = connectNats({ ...cluster.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log });
    const streams = ['USER_EVENTS', 'USER_CHALLENGES'].map(streamDeclaration);
    await using watch = watchStreams({ nats, streams, log, everyMs: 100 });
    await expect.poll(() => watch.health()).toEqual({ status: 'up', detail: 'USER_EVENTS T1, USER_CHALLENGES T1' });
  },
);
