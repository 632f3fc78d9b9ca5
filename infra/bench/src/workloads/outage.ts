import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../measure/clock.ts';
import { rounded } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';

/** The broker is gone for a while; events come all the time. How long until nothing waits any more, counted from its return. */
export async function measureOutage(
  options: Omit<SceneOptions, 'tunedFor'>,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<object> {
  return withScene(
    { ...options, tunedFor: 'throughput' },
    async ({ servers, producer, consumer, next, untilHandled }) => {
      if (servers.broker === undefined) throw new Error(`${options.peer.name} has no broker that could be away.`);
      const producing = producer.openLoop(rate, seconds + 2, next);
      await sleep(1_000);
      await servers.broker.stop();
      await sleep(seconds * 1_000);
      await servers.broker.start();
      const backAt = now();
      await producing;
      await untilHandled(next + rate * (seconds + 2));
      const progress = await consumer?.progress();
      const catchUpMs = Math.round((progress?.lastAt ?? backAt) - backAt);
      return {
        rate,
        seconds,
        events: rate * (seconds + 2),
        again: progress?.again,
        catchUpMs,
        perSecond: rounded((rate * seconds) / (catchUpMs / 1_000)),
      };
    },
  );
}
