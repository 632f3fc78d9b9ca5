import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

/** What stack.json of a stack without foreign parts holds. */
export interface StackInfo {
  readonly userUrl: string;
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  readonly emailUrl: string;
  readonly mailboxUrl: string;
  readonly natsOperatorUrl: string;
  readonly databaseUrls: { readonly user: string; readonly email: string };
  readonly pids: Record<'user' | 'email' | 'nats' | 'postgres' | 'mailbox', number>;
}

/** `npm start` as a person runs it, less the launcher: a process of its own that starts all the others. */
export interface RunningStack extends AsyncDisposable {
  readonly process: ChildProcess;
  /** What stack.json says now; it changes when a process is restarted. */
  info(): Promise<StackInfo>;
  /** Everything printed so far. */
  output(): string;
  /** Ends it with a signal and waits for its exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts the stack on a data directory and waits until it is ready. */
export async function runStack(options: {
  dataDir: string;
  portOffset: number;
  env?: NodeJS.ProcessEnv;
  /** Another copy of the repository. */
  root?: string;
}): Promise<RunningStack> {
  const child = spawn(
    process.execPath,
    [join(options.root ?? join(import.meta.dirname, '../../..'), 'infra/local/src/start.ts')],
    {
      env: {
        ...process.env,
        ...options.env,
        POSTRIDER_DATA_DIR: options.dataDir,
        PORT_OFFSET: String(options.portOffset),
        NO_COLOR: '1',
        FORCE_COLOR: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => printed.push(String(chunk)));
  const exited = once(child, 'exit');
  const file = join(options.dataDir, 'stack.json');
  // After a kill -9 the file of the former run is still there: the banner is this run's own word.
  const isReady = (): boolean => existsSync(file) && printed.join('').includes('Postrider runs.');
  await expect
    .poll(() => isReady() || child.exitCode !== null, {
      timeout: 120_000,
      interval: 50,
      message: 'The stack is not ready.',
    })
    .toBe(true)
    .catch((error: unknown) => {
      child.kill('SIGKILL');
      throw new Error(`${String(error)}\n${printed.join('')}`);
    });
  if (child.exitCode !== null) throw new Error(`The stack ended with ${child.exitCode}:\n${printed.join('')}`);
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    return child.exitCode;
  };
  return {
    process: child,
    info: async () => JSON.parse(await readFile(file, 'utf8')) as StackInfo,
    output: () => printed.join(''),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop('SIGTERM')),
  };
}

/** A client behind the gateway, and the person whose mail it is. */
export function person(info: StackInfo, email: string) {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${info.userUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as { flowId?: string; status?: unknown; code?: string };
    return { status: response.status, body: answer };
  };
  const mails = async (): Promise<{ ID: string; Subject: string }[]> => {
    const response = await fetch(`${info.mailboxUrl}/api/v1/search?query=${encodeURIComponent(`to:${email}`)}`);
    return ((await response.json()) as { messages: { ID: string; Subject: string }[] }).messages;
  };
  const textOf = async (id: string): Promise<string> => {
    const response = await fetch(`${info.mailboxUrl}/api/v1/message/${id}`);
    return ((await response.json()) as { Text: string }).Text;
  };
  return {
    email,
    mails,
    textOf,
    register: (headers?: Record<string, string>) =>
      post('/v1/registrations', { email, password: 'correct horse battery staple' }, headers),
    confirm: (body: unknown) => post('/v1/verifications/confirm', body),
    /** Waits for the mail with the secrets and reads them. */
    secrets: async (): Promise<{ token: string; code: string }> => {
      await expect.poll(async () => (await mails()).length, { interval: 20 }).toBeGreaterThan(0);
      const text = await textOf((await mails()).at(-1)?.ID ?? '');
      return { token: /#verify=([\w-]+)/.exec(text)?.[1] ?? '', code: /\b\d{8}\b/.exec(text)?.[0] ?? '' };
    },
  };
}
