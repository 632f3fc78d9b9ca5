import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '@postrider/messaging';
import { pino } from 'pino';
import { cpuBetween, readCpu } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { accountOpened } from '../peers/postrider/contract.ts';
import { natsAt, type Places } from '../places.ts';
import { startRole } from '../role/role-process.ts';
import { startServers } from '../servers/start-servers.ts';
import type { SceneOptions } from './scene.ts';
import { perTenThousand } from './throughput.ts';

const log = pino({ level: 'silent' });

/**
 * So many events wait in the outbox and nobody subscribes: what the relay alone does, until the stream has them all. Counted between the
 * first and the last by the stream's own clock. A peer without a relay publishes them from memory: the limit of the stream.
 */
export async function measureDrainIntoStream(
  options: Pick<SceneOptions, 'peer' | 'env' | 'natsSync'>,
  { backlog }: { backlog: number },
): Promise<object> {
  const { peer } = options;
  await using servers = await startServers({ ...options, needs: peer.needs });
  const { places, pids } = servers;
  await using role = await startRole(peer.name, places);
  await role.setUp();
  if (peer.startRelay !== undefined) await role.fill(backlog);
  await sleep(1_000);
  await using relay = await startRole(peer.name, places);
  const parts = { ...pids, relay: relay.pid };
  const before = readCpu(parts);
  await (peer.startRelay === undefined ? relay.fill(backlog) : relay.startRelaying());
  const storedInMs = await untilStored(places, backlog);
  const used = cpuBetween(before, readCpu(parts));
  const storedPerSecond = rounded(backlog / (storedInMs / 1_000));
  return { backlog, storedPerSecond, cpu: used, cpuPer10k: perTenThousand(used, backlog) };
}

/** Milliseconds from the first message to the last. */
async function untilStored(places: Places, count: number): Promise<number> {
  await using nats = connectNats({ url: natsAt(places), name: 'watcher', log });
  const { streams } = await jetstreamManager(await nats.first());
  for (;;) {
    const { state } = await streams.info(accountOpened.stream);
    if (state.messages >= count) return Date.parse(state.last_ts) - Date.parse(state.first_ts);
    await sleep(100);
  }
}
