import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';

/** Everything is up and nobody comes: share of one core, in percent, by process. */
export async function measureIdle(
  options: Omit<SceneOptions, 'tunedFor'>,
  { seconds }: { seconds: number },
): Promise<object> {
  return withScene({ ...options, tunedFor: 'throughput' }, async ({ producer, next, cpu, untilHandled }) => {
    await producer.burst(500, next);
    await untilHandled(next + 500);
    await sleep(60_000); // After some empty pulls a subscription asks less often.
    const before = cpu();
    await sleep(seconds * 1_000);
    const used = cpuBetween(before, cpu());
    const percent = Object.fromEntries(Object.entries(used).map(([name, s]) => [name, rounded((s / seconds) * 100)]));
    return { seconds, percentOfACore: percent };
  });
}
