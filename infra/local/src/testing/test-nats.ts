import type { Topology } from '@postrider/messaging';
import { serverConfigPath, topology as declaredTopology } from '@postrider/topology';
import { pino } from 'pino';
import { inject } from 'vitest';
import { applyTopologyTo } from '../nats/apply-topology-to.ts';
import { type NatsServer, type Seeds, startNatsOn } from './test-infra.ts';

export interface TestNatsOptions {
  /** Instead of the declared one; `{ streams: [], consumers: [] }` is a bare server. */
  readonly topology?: Topology;
  /** Another accounts.conf than the declared one. */
  readonly accounts?: string;
  /** Of users whose keys were made elsewhere. */
  readonly seeds?: Seeds;
}

export type TestNats = NatsServer;

/** A nats-server of one's own with the streams and consumers applied. Disposing stops it and removes its files. */
export async function testNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const { topology = declaredTopology, accounts = serverConfigPath, seeds = {} } = options;
  await using starting = new AsyncDisposableStack();
  const server = starting.use(await startNatsOn(inject('testInfra'), accounts, seeds));
  if (topology.streams.length + topology.consumers.length > 0)
    await applyTopologyTo({ url: server.urls.operator, topology, log: pino({ level: 'silent' }) });
  starting.move();
  return server;
}
