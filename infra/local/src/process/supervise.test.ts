import { expect, test } from 'vitest';
import type { Exit, RunningServer } from './server-process.ts';
import { supervise, type SupervisionEvent } from './supervise.ts';

interface Fake extends RunningServer {
  die(): void;
}

function fakeServers(options: { failing?: readonly number[] } = {}) {
  const started: Fake[] = [];
  let attempts = 0;
  const stopped: number[] = [];
  const start = async (): Promise<Fake> => {
    attempts += 1;
    if (options.failing?.includes(attempts)) throw new Error(`attempt ${attempts} fails`);
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    const pid = attempts;
    const server: Fake = {
      pid,
      exited,
      die: () => resolve({ code: 1, signal: null }),
      [Symbol.asyncDispose]: async () => {
        stopped.push(pid);
        resolve({ code: 0, signal: null });
      },
    };
    started.push(server);
    return server;
  };
  return { start, started, stopped };
}

/** Collects events, and lets a test await the one it is about. */
function listener() {
  const events: SupervisionEvent[] = [];
  const waiting: { type: string; resolve: () => void }[] = [];
  const onEvent = (event: SupervisionEvent): void => {
    events.push(event);
    for (const { type, resolve } of waiting) if (type === event.type) resolve();
  };
  const next = async (type: SupervisionEvent['type']): Promise<void> =>
    new Promise<void>((resolve) => void waiting.push({ type, resolve }));
  return { events, onEvent, next };
}

const delayMs = (): number => 0;

test('a server that dies is started again, and the new one is the current one', async () => {
  const { start, started } = fakeServers();
  const { events, onEvent, next } = listener();
  await using supervised = await supervise({ start, onEvent, delayMs });
  expect(supervised.current.pid).toBe(1);

  const restarted = next('restarted');
  started[0]?.die();
  await restarted;

  expect(supervised.current.pid).toBe(2);
  expect(events.map(({ type }) => type)).toEqual(['died', 'restarted']);
});

test('an attempt that fails is followed by another, with a longer pause each time', async () => {
  const { start, started } = fakeServers({ failing: [2, 3] });
  const { events, onEvent, next } = listener();
  const pauses: number[] = [];
  const counting = (failures: number): number => {
    pauses.push(failures);
    return 0;
  };
  await using supervised = await supervise({ start, onEvent, delayMs: counting });

  const restarted = next('restarted');
  started[0]?.die();
  await restarted;

  expect(supervised.current.pid).toBe(4);
  expect(events.map(({ type }) => type)).toEqual(['died', 'failed', 'failed', 'restarted']);
  expect(new Set(pauses)).toEqual(new Set([0, 1, 2]));
});

test('failures are forgotten once a server has run long enough', async () => {
  const { start, started } = fakeServers();
  const { events, onEvent, next } = listener();
  await using _supervised = await supervise({ start, onEvent, delayMs: (failures) => failures, stableAfterMs: 0 });

  for (const i of [0, 1, 2]) {
    const restarted = next('restarted');
    started[i]?.die();
    await restarted;
  }

  const pauses = events.flatMap((event) => (event.type === 'died' ? [event.restartInMs] : []));
  expect(pauses).toEqual([0, 0, 0]);
});

test('a first start that fails is the error of the caller', async () => {
  const { start } = fakeServers({ failing: [1] });
  const { onEvent } = listener();

  await expect(supervise({ start, onEvent, delayMs })).rejects.toThrow('attempt 1 fails');
});

test('dispose stops the server and starts no other', async () => {
  const { start, started, stopped } = fakeServers();
  const { events, onEvent } = listener();
  const supervised = await supervise({ start, onEvent, delayMs });

  await supervised[Symbol.asyncDispose]();
  await supervised[Symbol.asyncDispose]();

  expect(started).toHaveLength(1);
  expect(stopped[0]).toBe(1);
  expect(events).toEqual([]);
});

test('dispose during the pause before a restart ends the supervision at once', async () => {
  const { start, started } = fakeServers();
  const { onEvent, next } = listener();
  const supervised = await supervise({ start, onEvent, delayMs: () => 60_000 });
  const died = next('died');
  started[0]?.die();
  await died;

  await supervised[Symbol.asyncDispose]();

  expect(started).toHaveLength(1);
});
