import { cpuBetween } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';
import { perTenThousand } from './throughput.ts';

/** Each event for every durable: the first of them is watched, all are counted. */
export async function measureFanOut(
  options: Omit<SceneOptions, 'tunedFor'>,
  { durables, events }: { durables: number; events: number },
): Promise<object> {
  return withScene({ ...options, tunedFor: 'throughput' }, async ({ producer, consumer, next, cpu }) => {
    const settled = async (count: number): Promise<number> => {
      for (;;) {
        const progress = await consumer?.progress();
        if (progress === undefined || progress.handled + progress.again >= count * durables)
          return progress?.lastAt ?? 0;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await settled(next);
    const before = cpu();
    const { firstCommitAt } = await producer.burst(events, next);
    const lastAt = await settled(next + events);
    const used = cpuBetween(before, cpu());
    const deliveriesPerSecond = rounded((events * durables) / ((lastAt - firstCommitAt) / 1_000));
    return {
      durables,
      events,
      deliveriesPerSecond,
      cpu: used,
      cpuPer10kDeliveries: perTenThousand(used, events * durables),
    };
  });
}
