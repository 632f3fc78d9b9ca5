import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { distribution } from '../measure/statistics.ts';
import { type SceneOptions, withScene } from './scene.ts';

export interface HeldTransaction {
  readonly rate: number;
  /** How long it is quiet before, held, and quiet after, in seconds. */
  readonly before: number;
  readonly held: number;
  readonly after: number;
}

const windowSeconds = 10;

/** While a writing transaction of somebody else stays open nothing that was deleted can be removed: commit → handler by time. */
export async function measureHeldTransaction(
  options: Omit<SceneOptions, 'tunedFor'>,
  { rate, before, held, after }: HeldTransaction,
): Promise<object> {
  return withScene({ ...options, tunedFor: 'latency' }, async ({ servers, producer, consumer, next, untilHandled }) => {
    const seconds = before + held + after;
    await consumer?.watch(next, rate * seconds);
    const holding = holdTransaction(servers.places.databaseUrl, before, held);
    const { committedAt } = await producer.openLoop(rate, seconds, next);
    await holding;
    await untilHandled(next + rate * seconds);
    const arrivals = (await consumer?.arrivals()) ?? new Float64Array(0);
    const latencies = Array.from(arrivals, (at, index) => at - (committedAt[index] ?? at));
    const between = (from: number, to: number): number[] => latencies.slice(from * rate, to * rate);
    const curve = Array.from({ length: Math.floor(seconds / windowSeconds) }, (_, window) => {
      const from = window * windowSeconds;
      const { p50, p99 } = distribution(between(from, from + windowSeconds));
      return { second: from, p50, p99 };
    });
    return {
      rate,
      phases: { before, held, after },
      again: (await consumer?.progress())?.again ?? 0,
      commitToHandler: {
        before: distribution(between(0, before)),
        held: distribution(between(before, before + held)),
        after: distribution(between(before + held, seconds)),
      },
      curve,
    };
  });
}

async function holdTransaction(databaseUrl: string, after: number, seconds: number): Promise<void> {
  await sleep(after * 1_000);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query(
    `insert into account (id, email, name, created_at) values (gen_random_uuid(), 'held@example.test', 'Held', now())`,
  );
  await sleep(seconds * 1_000);
  await client.query('commit');
  await client.end();
}
