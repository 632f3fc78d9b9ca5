import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortOffset, parseStackConfig, stackFilePath, type StackInfo, startStack } from '@postrider/local';
import { z } from 'zod';

/** The stack to travel through: one that ran already, or one of the demo's own. */
export interface OpenedStack extends AsyncDisposable {
  readonly info: StackInfo;
  readonly dataDir: string;
  readonly isOwn: boolean;
  /** Leaves the files of an own stack where they are when it is stopped, for somebody who looks for a reason. */
  keepData(): void;
}

export interface OpenStackOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The root of the repository. */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** Finds the stack of the data dir, if it is alive, or else starts one in a temporary folder, on ports that nobody uses. */
export async function openStack(options: OpenStackOptions): Promise<OpenedStack> {
  const { dataDir } = parseStackConfig(options.env, options.root);
  const info = await runningStack(dataDir);
  if (info === undefined) return startOwnStack(options);
  return { info, dataDir, isOwn: false, keepData: () => undefined, [Symbol.asyncDispose]: async () => undefined };
}

// Written by a stack of this same repository.
const stackFile = z.custom<StackInfo>(
  (value) => z.object({ userUrl: z.url(), natsOperatorUrl: z.string() }).safeParse(value).success,
);

async function runningStack(dataDir: string): Promise<StackInfo | undefined> {
  const text = await readFile(stackFilePath(dataDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const info = stackFile.parse(JSON.parse(text));
  // A stack that was killed leaves its file behind.
  const answer = await fetch(`${info.userUrl}/livez`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  return answer?.ok === true ? info : undefined;
}

async function startOwnStack({ env, root, signal, print }: OpenStackOptions): Promise<OpenedStack> {
  await using starting = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'postrider-demo-'));
  let keep = false;
  starting.defer(async () => {
    if (!keep) await rm(dataDir, { recursive: true, force: true });
  });
  const PORT_OFFSET = String(await freePortOffset());
  const config = parseStackConfig({ ...env, PORT_OFFSET, POSTRIDER_DATA_DIR: dataDir }, root);
  // Only what goes wrong: the demo has a story of its own to tell.
  const progress = { step: untold, note: () => undefined, warn: print };
  const stack = starting.use(await startStack({ config, progress, print: () => undefined, signal }));
  const running = starting.move();
  return {
    info: stack.info,
    dataDir,
    isOwn: true,
    keepData: () => (keep = true),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function untold<T>(_title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T> {
  return work(() => undefined);
}
