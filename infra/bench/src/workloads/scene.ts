import { setTimeout as sleep } from 'node:timers/promises';
import { type Cpu, readCpu } from '../measure/cpu.ts';
import { execute } from '../peers/account.ts';
import type { Peer } from '../peers/peer.ts';
import { type RoleProcess, startRole } from '../role/role-process.ts';
import { fillAccounts } from './many-accounts.ts';
import { type Servers, type ServersOptions, startServers } from '../servers/start-servers.ts';

/** One peer on servers of its own: who produces, who relays, who consumes, each a process. */
export interface Scene {
  readonly servers: Servers;
  readonly producer: RoleProcess;
  readonly consumer: RoleProcess | undefined;
  /** The number of the next event that was not produced yet. */
  readonly next: number;
  readonly cpu: () => Cpu;
  /** Waits until so many different events were handled in all. */
  untilHandled(count: number): Promise<void>;
}

export interface SceneOptions extends Omit<ServersOptions, 'needs'> {
  readonly peer: Peer;
  readonly by?: 'orm' | 'pg';
  readonly tunedFor: 'latency' | 'throughput';
  readonly connections?: number;
  /** False: nothing is delivered. */
  readonly isConsumed?: boolean;
  /** Accounts that are there before. */
  readonly accounts?: number;
}

/** Tables without rows have no statistics, and plans made for them last: so each measurement is preceded by so many events. */
const primedWith = 5_000;
const stalledAfterMs = 60_000;

/** Starts everything, primes it, measures with sessions that are new, and ends everything. */
export async function withScene<Result>(
  options: SceneOptions,
  measure: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const { peer, tunedFor, by = 'orm', connections = 16, isConsumed = true } = options;
  await using servers = await startServers({ ...options, needs: peer.needs });
  const { places } = servers;
  await prime(peer, servers);
  if (options.accounts !== undefined) await fillAccounts(places.databaseUrl, options.accounts);
  await using producer = await startRole(peer.name, places);
  await producer.startProducing(connections, by);
  await using stack = new AsyncDisposableStack();
  const parts: Record<string, number> = { ...servers.pids, producer: producer.pid };
  let consumer: RoleProcess | undefined;
  if (isConsumed) {
    consumer = stack.use(await startRole(peer.name, places));
    parts['consumer'] = consumer.pid;
    await consumer.startConsuming(tunedFor);
    if (peer.startRelay !== undefined) {
      const relay = stack.use(await startRole(peer.name, places));
      parts['relay'] = relay.pid;
      await relay.startRelaying();
    }
  }
  const scene: Scene = {
    servers,
    producer,
    consumer,
    next: primedWith,
    cpu: () => readCpu(parts),
    untilHandled: async (count) => (consumer === undefined ? undefined : untilHandled(consumer, count)),
  };
  await scene.untilHandled(primedWith);
  await sleep(500);
  return await measure(scene); // Before everything is ended.
}

async function prime(peer: Peer, { places }: Servers): Promise<void> {
  await using role = await startRole(peer.name, places);
  await role.setUp();
  await role.startProducing(8, 'pg');
  await role.burst(primedWith, 0);
  await execute(places.databaseUrl, 'vacuum analyze');
}

/** @throws when nothing was handled for a minute */
export async function untilHandled(consumer: RoleProcess, count: number): Promise<void> {
  let [last, changedAt] = [-1, performance.now()];
  for (;;) {
    const { handled } = await consumer.progress();
    if (handled >= count) return;
    if (handled !== last) [last, changedAt] = [handled, performance.now()];
    if (performance.now() - changedAt > stalledAfterMs)
      throw new Error(`Only ${handled} of ${count} events were handled.`);
    await sleep(20);
  }
}
