// A container as a server whose outages a test decides.
//
// Its ports on the host are chosen by us: those that Docker chooses change with every start. Its data are in the container, which is
// stopped or killed but not removed before the end; so they are what a machine that lost its power would find on its disk. testcontainers
// starts it, and removes it when this process ends without disposing; stopping, killing and starting again it does not know, so those
// are asked of Docker.
//
// A server is ready when it answers from outside. Its log says so too early (PostgreSQL starts once for its initialisation alone), and
// the last line of a log that is followed comes late now and then: so nothing here waits for a line.
import { setTimeout as sleep } from 'node:timers/promises';
import { type GenericContainer, getContainerRuntimeClient, type WaitStrategy } from 'testcontainers';
import type { Restartable } from '../restartable.ts';

export interface ContainerOptions {
  /** For messages: `PostgreSQL from the image postgres:18 (TEST_POSTGRES_IMAGE)`. */
  readonly title: string;
  /** With ports of the host bound. */
  readonly container: GenericContainer;
  /** What ends the server in order, without waiting for its clients to leave. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** Whether the server answers; asked after every start. Never throws. */
  readonly isReady: () => Promise<boolean>;
}

type Container = Parameters<WaitStrategy['waitUntilReady']>[0];

const stopGraceSeconds = 10;
const readyWithinMs = 60_000;

/** Starts a container and resolves when it is ready. Disposing removes it, with its data. */
export async function startContainer(options: ContainerOptions): Promise<Restartable & AsyncDisposable> {
  const { title, stopSignal, isReady } = options;
  await using starting = new AsyncDisposableStack();
  const container = await create(options);
  starting.defer(async () => container.remove({ force: true, v: true }));
  let isRunning = true;
  const stop = async (): Promise<void> => {
    if (isRunning) await container.stop({ signal: stopSignal, t: stopGraceSeconds });
    isRunning = false;
  };
  const start = async (): Promise<void> => {
    if (isRunning) return;
    await explained(title, async () => {
      await container.start();
      isRunning = true;
      await becomeReady(container, isReady);
    });
  };
  const running = starting.move();
  return {
    stop,
    start,
    kill: async () => {
      if (isRunning) await container.kill({ signal: 'SIGKILL' });
      isRunning = false;
    },
    restart: async () => {
      await stop();
      await start();
    },
    hang: async () => void (await container.pause()),
    goOn: async () => void (await container.unpause()),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

/** Where the ports of containers are. */
export async function containerHost(): Promise<string> {
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  // The name may mean the other loopback first, and a refused connection then has two reasons instead of one.
  return host === 'localhost' ? '127.0.0.1' : host;
}

async function create({ title, container, isReady }: ContainerOptions): Promise<Container> {
  const started = await explained(title, async () => container.withWaitStrategy(answering(isReady)).start());
  return (await getContainerRuntimeClient()).container.getById(started.getId());
}

function answering(isReady: ContainerOptions['isReady']): WaitStrategy {
  const strategy: WaitStrategy = {
    waitUntilReady: async (container) => becomeReady(container, isReady),
    withStartupTimeout: () => strategy,
    isStartupTimeoutSet: () => true,
    getStartupTimeout: () => readyWithinMs,
  };
  return strategy;
}

async function becomeReady(container: Container, isReady: ContainerOptions['isReady']): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (!(await isReady())) {
    const { State: state } = await container.inspect();
    if (!state.Running)
      throw new Error(`it ended with exit code ${state.ExitCode}. It wrote:\n${await tail(container)}`);
    if (Date.now() > deadline) throw new Error(`no answer within ${readyWithinMs / 1_000} s.`);
    await sleep(50);
  }
}

async function tail(container: Container): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, tail: 20 });
  const chunks: Buffer[] = [];
  // Frames: a byte for the stream, three zeros, the length in four bytes, the text.
  for (let at = 0; at + 8 <= raw.length; at += 8 + raw.readUInt32BE(at + 4)) {
    chunks.push(raw.subarray(at + 8, at + 8 + raw.readUInt32BE(at + 4)));
  }
  return Buffer.concat(chunks).toString().trim();
}

async function explained<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${title} did not start: ${reason}`, { cause });
  }
}
