import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verdictTable } from '@postrider/audit';
import { natsServerLookup } from '@postrider/local';
import { test, vi } from 'vitest';
import { faultsNamed } from '../src/nemesis/all-faults.ts';
import { runChaos } from '../src/run-chaos.ts';

// A dozen processes are started, killed and started again on however few cores there are.
vi.setConfig({ testTimeout: 240_000 });

/** The short form of `npm run chaos`: the same fleet, load, faults and judges, for some seconds and with shorter leases. */
test('everything is killed while people register, and nothing is unexplained', async ({ expect, onTestFailed }) => {
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-chaos-test-'));
  stack.defer(async () => rm(dataDir, { recursive: true, force: true }));
  await chmod(dataDir, 0o711); // As root PostgreSQL runs as another account, which must be able to pass.
  const result = await runChaos({
    root: join(import.meta.dirname, '../../..'),
    dataDir,
    env: process.env,
    natsServer: natsServerLookup(process.env),
    nodes: 1,
    quick: { leaseMs: 1_500, ackWaitMs: 2_000 },
    faults: faultsNamed([
      'killed',
      'power-failure',
      'relay-zombie',
      'slow-transaction',
      'connections-cut',
      'final-dot',
    ]),
    seed: 8,
    lastsMs: 10_000,
    accounts: 60,
    kills: 16,
    lastingEveryMs: 1_200,
    settleWithinMs: 120_000,
    onProgress: () => undefined,
    onTrouble: () => undefined,
    signal: new AbortController().signal,
  });
  onTestFailed(() => console.log(verdictTable(result.verdict), result.settled, result.injections)); // oxlint-disable-line no-console
  expect(result.verdict.unexplained).toEqual([]);
  expect(result.brokenPromises).toEqual([]);
  expect(result.settled).toMatchObject({ isQuiet: true, unfinished: { pending: 0, openMails: 0, unacknowledged: 0 } });
  expect(Object.entries(result.kills).filter(([, count]) => count === 0)).toEqual([]);
  expect(result.registered).toBeGreaterThan(0);
  expect(result.verdict.mails?.sent).toBeGreaterThan(0);
});
