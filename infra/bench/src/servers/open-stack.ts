import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortOffset, parseStackConfig, type Stack, startStack } from '@postrider/local';

/** The whole product as `npm start` runs it, and how long each part took to be ready, in milliseconds. */
export interface OpenedStack extends AsyncDisposable {
  readonly info: Stack['info'];
  readonly readyMs: number;
  readonly partsMs: Readonly<Record<string, number>>;
}

export interface StackAt {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  readonly portOffset: number;
}

export async function openStack({ root, env, dataDir, portOffset }: StackAt): Promise<OpenedStack> {
  const partsMs: Record<string, number> = {};
  const timed = async <T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await work(() => undefined);
    partsMs[title.replace(/ on port.*/, '')] = Math.round(performance.now() - startedAt);
    return result;
  };
  const config = parseStackConfig({ ...env, PORT_OFFSET: String(portOffset), POSTRIDER_DATA_DIR: dataDir }, root);
  const progress = { step: timed, note: () => undefined, warn: () => undefined };
  const startedAt = performance.now();
  const stack = await startStack({
    config,
    progress,
    print: () => undefined,
    signal: new AbortController().signal,
  });
  return {
    info: stack.info,
    readyMs: Math.round(performance.now() - startedAt),
    partsMs,
    [Symbol.asyncDispose]: async () => stack[Symbol.asyncDispose](),
  };
}

/** A folder and ports for a stack; the folder goes in the end. */
export async function placeForStack(root: string, env: NodeJS.ProcessEnv): Promise<StackAt & AsyncDisposable> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-bench-'));
  const remove = async (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  return { root, env, dataDir, portOffset: await freePortOffset(), [Symbol.asyncDispose]: remove };
}
