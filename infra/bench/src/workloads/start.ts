import { setTimeout as sleep } from 'node:timers/promises';
import { residentMiB } from '../measure/cpu.ts';
import { openStack, placeForStack } from '../servers/open-stack.ts';

/** A first start on empty disks, a second one, and what the services hold when nobody has come yet. */
export async function measureStart({ root, env }: { root: string; env: NodeJS.ProcessEnv }): Promise<object> {
  await using place = await placeForStack(root, env);
  const first = await openStack(place);
  await first[Symbol.asyncDispose]();
  await using stack = await openStack(place);
  await sleep(10_000);
  const { user, email } = stack.info.pids;
  if (user === undefined || email === undefined) throw new Error('A service runs elsewhere.');
  return {
    firstReadyMs: first.readyMs,
    readyMs: stack.readyMs,
    partsMs: stack.partsMs,
    residentMiB: { user: residentMiB(user), email: residentMiB(email) },
  };
}
