import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortOffset, parseStackConfig, type Stack, startStack } from '@postrider/local';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const running = new AsyncDisposableStack();
let stack: Stack;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'postrider-demo-test-'));
  running.defer(() => rm(dataDir, { recursive: true, force: true }));
  const PORT_OFFSET = String(await freePortOffset());
  const config = parseStackConfig({ ...process.env, PORT_OFFSET, POSTRIDER_DATA_DIR: dataDir }, root);
  const progress = {
    step: <T>(_title: string, work: (detail: (text: string) => void) => Promise<T>) => work(() => undefined),
    note: () => undefined,
    warn: () => undefined,
  };
  const { signal } = new AbortController();
  stack = running.use(await startStack({ config, progress, print: () => undefined, signal }));
});
afterAll(() => running.disposeAsync());

test('the demo tells every step of both journeys and ends with 0, within 80 columns and without a secret', async () => {
  const { code, output } = await demo({ POSTRIDER_DATA_DIR: dataDir });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(`on the stack of ${dataDir}`);
  expect(titlesOf(output).toSorted()).toEqual(
    [...steps('the link', 'Looking at the link consumes nothing'), ...steps('flow and code')].toSorted(),
  );
  expect(output).toMatch(/event {4}[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-/);
  expect(output).toMatch(/stream {3}USER_EVENTS #\d+/);
  expect(output).toMatch(/19 steps in \d+ ms/);
  expect(output).toMatch(/The trace {8}npm run ops -- trace [\da-f]{32}\n/);
  const traces = new Set([...output.matchAll(/trace {4}([\da-f]{32}) ✓ ours/g)].map(([, id]) => id));
  expect(traces.size).toBe(2);

  const timeline = output.split('\n').filter((line) => /[●│]/.test(line));
  expect(timeline.filter((line) => line.length > 80)).toEqual([]);
  expect(output).not.toContain('\u001B');
  for (const secret of await secretsInMailbox()) expect(output).not.toContain(secret);
});

test('without a stack in the data dir the demo starts one of its own and leaves nothing of it', async () => {
  const { code, output } = await demo({ POSTRIDER_DATA_DIR: join(dataDir, 'none'), TMPDIR: dataDir });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('on a stack of its own');
  expect(output).toMatch(/19 steps in \d+ ms/);
  expect((await readdir(dataDir)).filter((name) => name.startsWith('postrider-demo-'))).toEqual([]);
});

test('a mailbox that hangs fails the demo: it names the step, what was expected, what came and where to look', async () => {
  const pid = stack.info.pids.mailbox ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const { code, output } = await demo({ POSTRIDER_DATA_DIR: dataDir }, '--patience', '3');
    expect({ code, output }).toMatchObject({ code: 1 });
    const failed = output.slice(output.indexOf('✗  Mail: “Confirm your email address”')).replaceAll(/\s+/g, ' ');
    expect(failed).toMatch(
      /^✗ Mail: “Confirm your email address” expected a mail “Confirm your email address” to ada\./,
    );
    expect(failed).toContain(`came nothing within 3 s; the mailbox at ${stack.info.mailboxUrl} does not answer`);
    expect(failed).toContain(join(dataDir, 'logs/mailbox.log'));
    expect(output).not.toContain('Eve types the code');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('what it was told is not a number of seconds: it says so and ends with 2', async () => {
  const { code, output } = await demo({}, '--patience', 'long');
  expect(output).toContain('--patience "long" is no number of seconds.');
  expect(code).toBe(2);
});

/** The demo as a person runs it, less the launcher. */
async function demo(env: Record<string, string>, ...args: string[]): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>();
  const child = execFile(
    process.execPath,
    [join(root, 'infra/demo/src/demo.ts'), ...args],
    { env: { ...process.env, PORT_OFFSET: '', NO_COLOR: '1', FORCE_COLOR: '0', ...env } },
    (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
  );
  return promise;
}

function titlesOf(output: string): string[] {
  return [...output.matchAll(/●  (.+)/g)].map(([, title]) => title ?? '');
}

/** What both journeys have in common, and what is in one alone. */
function steps(proof: 'the link' | 'flow and code', ...more: string[]): string[] {
  const thing = proof === 'the link' ? 'link' : 'code';
  return [
    'POST /v1/registrations answers 202',
    'challenge.email_verification_issued.v1',
    'Mail: “Confirm your email address”',
    `Confirm by ${proof}: verified`,
    `The same ${thing} again: refused`,
    'user.email_verified.v1',
    'Mail: “Welcome to Postrider”',
    'email.sent.v1',
    ...(thing === 'link' ? ['user.registered.v1', 'email.sent.v1'] : []),
    ...more,
  ];
}

async function secretsInMailbox(): Promise<string[]> {
  const get = async (path: string) => (await fetch(`${stack.info.mailboxUrl}${path}`)).json();
  const { messages } = (await get('/api/v1/messages')) as { messages: { ID: string }[] };
  const texts = await Promise.all(
    messages.map(async ({ ID }) => ((await get(`/api/v1/message/${ID}`)) as { Text: string }).Text),
  );
  const secrets = texts.flatMap((text) => text.match(/#verify=[\w-]{64}|^\d{8}$/gm) ?? []);
  expect(secrets).toHaveLength(4);
  return secrets.map((secret) => secret.replace('#verify=', ''));
}
