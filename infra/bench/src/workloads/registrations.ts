import { createPasswordHasher } from '@postrider/user/password-hasher';
import { now } from '../measure/clock.ts';
import { distribution, rounded } from '../measure/statistics.ts';
import { openStack, placeForStack } from '../servers/open-stack.ts';

const password = 'correct horse battery staple';

/** Registrations over HTTP with everything that follows them, beside what the hashing pool does alone, before and after. */
export async function measureRegistrations(
  { root, env }: { root: string; env: NodeJS.ProcessEnv },
  { seconds, clients }: { seconds: number; clients: number },
): Promise<object> {
  const before = await hashesPerSecond(seconds / 2, clients);
  const { perSecond, latency } = await register({ root, env }, { seconds, clients });
  const after = await hashesPerSecond(seconds / 2, clients);
  return {
    seconds,
    clients,
    registrationsPerSecond: perSecond,
    hashesPerSecond: [before, after],
    share: rounded(perSecond / ((before + after) / 2)),
    latencyMs: latency,
  };
}

async function hashesPerSecond(seconds: number, clients: number): Promise<number> {
  const pool = createPasswordHasher();
  const { count, ms } = await during(seconds, clients, async () => void (await pool.hash(password)));
  return rounded(count / (ms / 1_000));
}

async function register(
  { root, env }: { root: string; env: NodeJS.ProcessEnv },
  { seconds, clients }: { seconds: number; clients: number },
): Promise<{ perSecond: number; latency: ReturnType<typeof distribution> }> {
  await using place = await placeForStack(root, env);
  await using stack = await openStack(place);
  const url = `${stack.info.userUrl}/v1/registrations`;
  let number = 0;
  const one = async (): Promise<void> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `user${number++}@example.com`, password }),
    });
    await response.arrayBuffer();
    if (response.status !== 202) throw new Error(`A registration was answered with ${response.status}.`);
  };
  await during(2, clients, one);
  const { count, ms, latencies } = await during(seconds, clients, one);
  return { perSecond: rounded(count / (ms / 1_000)), latency: distribution(latencies) };
}

/** `clients` workers, each one after the other, until the time is over. */
async function during(
  seconds: number,
  clients: number,
  work: () => Promise<void>,
): Promise<{ count: number; ms: number; latencies: number[] }> {
  const startedAt = now();
  const latencies: number[] = [];
  const loop = async (): Promise<void> => {
    for (let begun = now(); begun - startedAt < seconds * 1_000; begun = now()) {
      await work();
      latencies.push(now() - begun);
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return { count: latencies.length, ms: now() - startedAt, latencies };
}
