import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { freePortOffset } from '../src/ports/free-port-offset.ts';
import { isPidTaken } from '../src/process/process-info.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { person, type RunningStack, runStack } from './running-stack.ts';

const portOffset = await freePortOffset();

test('an account registers, verifies by link or by code, and is welcomed, under one trace id; no secret reaches the disk', async () => {
  await using folder = await createTempFolder('start');
  const dataDir = join(folder.path, 'data');
  await using stack = await runStack({ dataDir, portOffset });
  const info = await stack.info();
  const secrets: { token: string; code: string }[] = [];

  const ada = person(info, 'ada@example.com');
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  expect(await ada.register({ traceparent: `00-${traceId}-b7ad6b7169203331-01` })).toMatchObject({
    status: 202,
    body: { status: 'pending' },
  });
  const byLink = await ada.secrets();
  secrets.push(byLink);
  expect(await ada.confirm({ token: byLink.token })).toEqual({ status: 200, body: { status: 'verified' } });
  expect(await ada.confirm({ token: byLink.token })).toMatchObject({
    status: 400,
    body: { code: 'invalid_or_expired' },
  });
  await expect
    .poll(async () => (await ada.mails()).map(({ Subject }) => Subject), { timeout: 20_000 })
    .toEqual(['Welcome to Postrider', 'Confirm your email address']);

  const eve = person(info, 'eve@example.com');
  const { body } = await eve.register();
  const byCode = await eve.secrets();
  secrets.push(byCode);
  expect(await eve.confirm({ flowId: body.flowId, code: byCode.code })).toMatchObject({ status: 200 });
  expect(await eve.confirm({ flowId: body.flowId, code: byCode.code })).toMatchObject({ status: 400 });
  await expect.poll(async () => (await eve.mails()).length, { timeout: 20_000 }).toBe(2);

  await expect
    .poll(() => linesOfTrace(dataDir, traceId), { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining([
        'user: request answered',
        'user: event published',
        'email: mail sent',
        'email: event handled',
      ]),
    );

  await stack.stop('SIGTERM');
  const found = await filesHolding(
    dataDir,
    secrets.flatMap(({ token, code }) => [token, code]),
  );
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter((path) => !path.startsWith('mailbox/'))).toEqual([]);
});

test('two hundred registrations, twenty at a time, from one address: two hundred mails, each once', async () => {
  await using folder = await createTempFolder('start');
  await using stack = await runStack({ dataDir: join(folder.path, 'data'), portOffset });
  const info = await stack.info();
  const people = Array.from({ length: 200 }, (_, n) => person(info, `person${n}@example.com`));
  const queue = people.values();
  const work = async () => {
    for (const one of queue) expect(await one.register()).toMatchObject({ status: 202 });
  };
  await Promise.all(Array.from({ length: 20 }, work));
  await expect.poll(async () => (await recipients(info.mailboxUrl)).length).toBe(200);
  expect(new Set(await recipients(info.mailboxUrl)).size).toBe(200);
});

test('each of the five processes killed while accounts register: it comes back, and every account that got its 202 gets its mail', async () => {
  await using folder = await createTempFolder('start');
  await using stack = await runStack({ dataDir: join(folder.path, 'data'), portOffset });
  const before = await stack.info();
  const registered: string[] = [];
  let stopped = false;
  const registering = registerUntil(stack, registered, () => stopped);
  await using registrations = new AsyncDisposableStack();
  // Also when the test fails: the next one's stack has the same ports.
  registrations.defer(() => {
    stopped = true;
    return registering;
  });
  for (const name of ['mailbox', 'email', 'nats', 'postgres', 'user'] as const) {
    const { pids } = await stack.info();
    const count = registered.length;
    process.kill(pids[name], 'SIGKILL');
    await expect.poll(async () => (await stack.info()).pids[name], { timeout: 120_000 }).not.toBe(pids[name]);
    await expect.poll(() => registered.length, { timeout: 120_000 }).toBeGreaterThan(count + 3);
  }
  await registrations.disposeAsync();
  const after = await stack.info();
  for (const name of ['mailbox', 'email', 'nats', 'postgres', 'user'] as const)
    expect(after.pids[name]).not.toBe(before.pids[name]);
  await expect
    .poll(async () => missing(registered, await recipients(after.mailboxUrl)), { timeout: 90_000, interval: 250 })
    .toEqual([]);
}, 600_000);

test('SIGTERM stops everything and leaves nothing behind; a second start keeps the data; a start after kill -9 of everything recovers', async () => {
  await using folder = await createTempFolder('start');
  const dataDir = join(folder.path, 'data');
  const first = await runStack({ dataDir, portOffset });
  const info = await first.info();
  const ada = person(info, 'ada@example.com');
  await ada.register();
  await ada.secrets();
  expect(await first.stop('SIGTERM')).toBe(0);
  expect(existsSync(join(dataDir, 'stack.json'))).toBe(false);
  for (const pid of Object.values(info.pids)) expect(isPidTaken(pid), `process ${pid} is still there`).toBe(false);

  const second = await runStack({ dataDir, portOffset });
  const again = await second.info();
  expect(again.databaseUrls).toEqual(info.databaseUrls);
  expect(await accounts(again.databaseUrls.user)).toEqual(['ada@example.com']);
  expect(await ada.mails()).toHaveLength(1);
  for (const pid of [second.process.pid ?? 0, ...Object.values(again.pids)]) process.kill(pid, 'SIGKILL');
  await second.stop('SIGKILL');

  await using third = await runStack({ dataDir, portOffset });
  const recovered = await third.info();
  expect(await accounts(recovered.databaseUrls.user)).toEqual(['ada@example.com']);
  const eve = person(recovered, 'eve@example.com');
  expect(await eve.register()).toMatchObject({ status: 202 });
  expect((await eve.secrets()).code).toMatch(/^\d{8}$/);
}, 600_000);

async function registerUntil(stack: RunningStack, registered: string[], isOver: () => boolean): Promise<void> {
  const info = await stack.info();
  for (let n = 0; !isOver(); n++) {
    const one = person(info, `person${n}@example.com`);
    const answer = await one.register().catch(() => ({ status: 0 })); // The service itself was killed, or its database was.
    if (answer.status === 202) registered.push(one.email);
    else if (![0, 503].includes(answer.status)) throw new Error(`An unexpected answer: ${answer.status}.`);
  }
}

async function recipients(mailboxUrl: string): Promise<string[]> {
  const response = await fetch(`${mailboxUrl}/api/v1/messages?limit=5000`);
  const { messages } = (await response.json()) as { messages: { To: { Address: string }[] }[] };
  return messages.flatMap(({ To }) => To.map(({ Address }) => Address));
}

function missing(wanted: readonly string[], have: readonly string[]): string[] {
  const found = new Set(have);
  return wanted.filter((one) => !found.has(one));
}

async function accounts(databaseUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query('select email from "user" order by email');
  await client.end();
  return rows.map(({ email }) => email);
}

async function linesOfTrace(dataDir: string, traceId: string): Promise<string[]> {
  const folder = join(dataDir, 'logs');
  const texts = await Promise.all(['user.log', 'email.log'].map((name) => readFile(join(folder, name), 'utf8')));
  const lines = texts
    .join('')
    .split('\n')
    .filter((line) => line.includes(traceId));
  return lines.map((line) => JSON.parse(line)).map(({ name, msg }) => `${name}: ${msg}`);
}

/** Paths, relative to the folder, of the files that hold any of the texts: a code as a whole run of digits. */
async function filesHolding(folder: string, texts: readonly string[]): Promise<string[]> {
  const pattern = new RegExp(texts.map((text) => (/^\d+$/.test(text) ? `(?<!\\d)${text}(?!\\d)` : text)).join('|'));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found: string[] = [];
  for (const path of paths)
    if (pattern.test((await readFile(path)).toString('latin1'))) found.push(path.slice(folder.length + 1));
  return found;
}
