import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, readCpu, residentMiB } from '../measure/cpu.ts';
import { rounded } from '../measure/statistics.ts';
import { openStack, placeForStack } from '../servers/open-stack.ts';

/** A first start on empty disks, a second one, and what the services hold when nobody has come yet. */
export async function measureStart({ root, env }: { root: string; env: NodeJS.ProcessEnv }): Promise<object> {
  await using place = await placeForStack(root, env);
  const first = await openStack(place);
  await first[Symbol.asyncDispose]();
  await using stack = await openStack(place);
  await sleep(10_000);
  const { user, email, nats, postgres } = stack.info.pids;
  if (user === undefined || email === undefined || nats === undefined || postgres === undefined)
    throw new Error('A part runs elsewhere.');
  return {
    firstReadyMs: first.readyMs,
    readyMs: stack.readyMs,
    partsMs: stack.partsMs,
    residentMiB: { user: residentMiB(user), email: residentMiB(email) },
    idlePercentOfACore: await idle({ user, email, nats, postgres }),
  };
}

const idleSeconds = 30;

/** After the pulls have become long. */
async function idle(pids: Record<string, number>): Promise<Record<string, number>> {
  await sleep(10_000);
  const before = readCpu(pids);
  await sleep(idleSeconds * 1_000);
  const used = Object.entries(cpuBetween(before, readCpu(pids)));
  return Object.fromEntries(used.map(([name, seconds]) => [name, rounded((seconds / idleSeconds) * 100)]));
}
