import { cpuBetween } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';

/** Sixteen producers, each as fast as it can, and a handler at the other end. */
export async function measureThroughput(
  options: Omit<SceneOptions, 'tunedFor'>,
  { events }: { events: number },
): Promise<object> {
  return withScene({ ...options, tunedFor: 'throughput' }, async ({ producer, consumer, next, cpu, untilHandled }) => {
    const warmUp = 2_000;
    await producer.burst(warmUp, next);
    await untilHandled(next + warmUp);
    const from = next + warmUp;
    const before = cpu();
    const { startedAt, firstCommitAt, endedAt } = await producer.burst(events, from);
    await untilHandled(from + events);
    const used = cpuBetween(before, cpu());
    const progress = await consumer?.progress();
    const perSecond = (ms: number): number => rounded(events / (ms / 1_000));
    return {
      events,
      again: progress?.again ?? 0,
      commitsPerSecond: perSecond(endedAt - startedAt),
      ...(progress && {
        handledPerSecond: perSecond(progress.lastAt - firstCommitAt),
        lastCommitToLastHandlerMs: rounded(progress.lastAt - endedAt),
      }),
      cpu: used,
      cpuPer10k: perTenThousand(used, events),
    };
  });
}

export function perTenThousand(cpu: Readonly<Record<string, number>>, events: number): Record<string, number> {
  return Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, rounded(seconds / (events / 10_000))]));
}
