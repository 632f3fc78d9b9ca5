import { setTimeout as sleep } from 'node:timers/promises';
import { createPasswordHasher } from '@postrider/user/password-hasher';
import { Client } from 'pg';
import { now } from '../measure/clock.ts';
import { type Cpu, cpuBetween, readCpu } from '../measure/cpu.ts';
import { distribution, median, rounded } from '../measure/statistics.ts';
import { openStack, type OpenedStack, placeForStack } from '../servers/open-stack.ts';

// What hashes a password should cost little else. The theory: with every core busy hashing, all that a request needs besides (HTTP,
// transaction, outbox, relay, mail) takes its time from hashing, so the share of the pool's own rate that is reached tells what that is. Both
// are measured in turn in each round, the pool alone while the stack is idle, so that they share the machine's moods.

const password = 'correct horse battery staple';
/** Who signs in: so many that nobody's row is waited for. */
const people = 500;

export type Flow = 'registrations' | 'sign-ins';

/** A flow over HTTP with everything that follows it, beside what the hashing pool does alone. */
export async function measureHashing(
  { root, env, flow }: { root: string; env: NodeJS.ProcessEnv; flow: Flow },
  { rounds, seconds, clients }: { rounds: number; seconds: number; clients: number },
): Promise<object> {
  await using place = await placeForStack(root, { ...env, RATE_LIMIT_SCALE: '1000' }); // Counted, and never too many.
  await using stack = await openStack(place);
  const one = flow === 'registrations' ? registering(stack) : await signingIn(stack);
  const pool = createPasswordHasher();
  const pids = Object.fromEntries(Object.entries(stack.info.pids).flatMap(([name, pid]) => (pid ? [[name, pid]] : [])));
  await sleep(2_000);
  const atRest = await usedInASecond(pids);
  await during(3, clients, one);
  const taken: { alone: number; perSecond: number; latencies: number[] }[] = [];
  const cpu: Cpu[] = [];
  for (let round = 0; round < rounds; round++) {
    await untilIdle(pids, atRest);
    const alone = await during(seconds, clients, async () => void (await pool.hash(password)));
    const before = readCpu(pids);
    const { perSecond, latencies } = await during(seconds, clients, one);
    await untilIdle(pids, atRest); // What follows is part of the cost.
    cpu.push(perRequest(cpuBetween(before, readCpu(pids)), latencies.length));
    taken.push({ alone: alone.perSecond, perSecond, latencies });
  }
  const shares = taken.map(({ alone, perSecond }) => rounded(perSecond / alone));
  return {
    rounds,
    seconds,
    clients,
    perSecond: rounded(median(taken.map(({ perSecond }) => perSecond))),
    hashesPerSecond: rounded(median(taken.map(({ alone }) => alone))),
    share: rounded(median(shares)),
    shares,
    latencyMs: distribution(taken.flatMap(({ latencies }) => latencies)),
    cpuMsEach: Object.fromEntries(
      Object.keys(cpu[0] ?? {}).map((name) => [name, rounded(median(cpu.map((one) => one[name] ?? 0)))]),
    ),
  };
}

function registering({ info }: OpenedStack): () => Promise<void> {
  let number = 0;
  return async () => post(`${info.userUrl}/v1/registrations`, `user${number++}@example.com`, 202);
}

/** People who are there already: a hash is as good as one that registering made. */
async function signingIn({ info }: OpenedStack): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: info.databaseUrls.user });
  await client.connect();
  await client.query(
    `insert into "user" (id, email, display_name, locale, password_hash, verified_email, created_at)
     select gen_random_uuid(), 'person' || g || '@example.com', 'Person ' || g, 'en', $1, 'person' || g || '@example.com', now()
     from generate_series(0, ${people - 1}) g`,
    [await createPasswordHasher().hash(password)],
  );
  await client.end();
  let number = 0;
  return async () => post(`${info.userUrl}/v1/sessions`, `person${number++ % people}@example.com`, 201);
}

async function post(url: string, email: string, expected: number): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  await response.arrayBuffer();
  if (response.status !== expected) throw new Error(`${url} answered ${response.status} instead of ${expected}.`);
}

/** `clients` workers, each one after the other, until the time is over. */
async function during(
  seconds: number,
  clients: number,
  work: () => Promise<void>,
): Promise<{ perSecond: number; latencies: number[] }> {
  const startedAt = now();
  const latencies: number[] = [];
  const loop = async (): Promise<void> => {
    for (let begun = now(); begun - startedAt < seconds * 1_000; begun = now()) {
      await work();
      latencies.push(now() - begun);
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return { perSecond: latencies.length / ((now() - startedAt) / 1_000), latencies };
}

/** Until the stack uses hardly more than at rest; for half a minute at most, since a machine that got slower is never as idle as it was. */
async function untilIdle(pids: Readonly<Record<string, number>>, atRest: number): Promise<void> {
  for (let second = 0; second < 30; second++) if ((await usedInASecond(pids)) < atRest * 1.5 + 0.05) return;
}

/** Share of a core. */
async function usedInASecond(pids: Readonly<Record<string, number>>): Promise<number> {
  const before = readCpu(pids);
  await sleep(1_000);
  return cpuBetween(before, readCpu(pids))['total'] ?? 0;
}

/** Milliseconds each. */
function perRequest(cpu: Cpu, count: number): Cpu {
  return Object.fromEntries(Object.entries(cpu).map(([name, seconds]) => [name, (seconds * 1_000) / count]));
}
