import { cpuBetween } from '../measure/cpu.ts';
import { distribution } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';

/** An open loop of so many events a second: commit → begin of the handler, and due → begin of the handler, in milliseconds. */
export async function measureLatency(
  options: Omit<SceneOptions, 'tunedFor'>,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<object> {
  return withScene({ ...options, tunedFor: 'latency' }, async ({ producer, consumer, next, cpu, untilHandled }) => {
    const warmUp = 300;
    await producer.openLoop(200, warmUp / 200, next);
    await untilHandled(next + warmUp);
    const [from, count] = [next + warmUp, rate * seconds];
    await consumer?.watch(from, count);
    const before = cpu();
    const { dueAt, committedAt } = await producer.openLoop(rate, seconds, from);
    await untilHandled(from + count);
    const used = cpuBetween(before, cpu());
    const arrivals = (await consumer?.arrivals()) ?? new Float64Array(0);
    const since = (times: Float64Array): number[] => Array.from(arrivals, (at, index) => at - (times[index] ?? at));
    const again = (await consumer?.progress())?.again ?? 0;
    return {
      rate,
      events: count,
      again,
      commitToHandler: distribution(since(committedAt)),
      dueToHandler: distribution(since(dueAt)),
      cpu: used,
    };
  });
}
