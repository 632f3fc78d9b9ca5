import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, readCpu } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { startRole } from '../role/role-process.ts';
import { startServers } from '../servers/start-servers.ts';
import { type SceneOptions, untilHandled } from './scene.ts';
import { perTenThousand } from './throughput.ts';

/** So many events wait when consumer and relay start. Counted from the thousandth on, so that starting them does not count. */
export async function measureDrain(
  options: Pick<SceneOptions, 'peer' | 'env' | 'natsSync' | 'natsNodes'>,
  { backlog }: { backlog: number },
): Promise<object> {
  const { peer } = options;
  await using servers = await startServers({ ...options, needs: peer.needs });
  const { places, pids } = servers;
  {
    await using filler = await startRole(peer.name, places);
    await filler.setUp();
    await filler.fill(backlog);
  }
  await sleep(1_000);
  await using consumer = await startRole(peer.name, places);
  await using relay = await startRole(peer.name, places);
  const parts = { ...pids, consumer: consumer.pid, ...(peer.startRelay && { relay: relay.pid }) };
  const before = readCpu(parts);
  await consumer.startConsuming('throughput');
  await relay.startRelaying();
  await untilHandled(consumer, backlog);
  const used = cpuBetween(before, readCpu(parts));
  const marks = await consumer.marks();
  const { again } = await consumer.progress();
  const [first, last] = [marks.at(0), marks.at(-1)];
  const perSecond = first && last ? rounded((last[0] - first[0]) / ((last[1] - first[1]) / 1_000)) : undefined;
  return { backlog, again, handledPerSecond: perSecond, cpu: used, cpuPer10k: perTenThousand(used, backlog) };
}
