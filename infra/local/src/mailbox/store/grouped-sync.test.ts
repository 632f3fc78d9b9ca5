import { expect, test } from 'vitest';
import { createGroupedSync } from './grouped-sync.ts';

function controlledSync() {
  const runs: PromiseWithResolvers<void>[] = [];
  const sync = createGroupedSync(() => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  });
  return { runs, sync };
}

test('callers that arrive while a sync runs share one that begins after it', async () => {
  const { runs, sync } = controlledSync();
  const first = sync();
  const second = sync();
  const third = sync();
  expect(runs).toHaveLength(1);

  runs[0]?.resolve();
  await first;
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.resolve();
  await Promise.all([second, third]);
  expect(runs).toHaveLength(2);
});

test('a failed sync is told to its own callers, not to the next ones', async () => {
  const { runs, sync } = controlledSync();
  const first = sync();
  const second = sync();
  runs[0]?.reject(new Error('disk'));
  await expect(first).rejects.toThrow('disk');
  await expect.poll(() => runs.length).toBe(2);
  runs[1]?.resolve();
  await expect(second).resolves.toBeUndefined();
});

test('a call after everything has settled begins a new sync', async () => {
  const { runs, sync } = controlledSync();
  const first = sync();
  runs[0]?.resolve();
  await first;
  const second = sync();
  expect(runs).toHaveLength(2);
  runs[1]?.resolve();
  await second;
});
