import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { emailVerified } from '@postrider/contracts';
import { testNats } from '@postrider/local/testing';
import { topology } from '@postrider/topology';
import { expect, test } from 'vitest';
import { connectNats, createPublisher, type NatsAccess } from '../src/index.ts';
import { createTempFolder } from '../../../infra/local/src/testing/temp-folder.ts';
import { log } from './messaging-fixture.ts';

const run = promisify(execFile);
const libs = join(import.meta.dirname, '../..');
const longestMs = 240_000;

/** A project of somebody else: what they write, and nothing of ours but the two packed files. */
const subscriber = `
import { readFileSync } from 'node:fs';
import { emailVerified, type EventOf } from '@postrider/contracts';
import { type ConsumerDeclaration, connectNats, on, startSubscription } from '@postrider/messaging';
import { anEvent, testHandlers } from '@postrider/messaging/testing';
import { pino } from 'pino';

const log = pino({ level: 'silent' });
const config = JSON.parse(readFileSync(new URL('crm.json', import.meta.url), 'utf8')) as ConsumerDeclaration['config'];
const { promise: done, resolve } = Promise.withResolvers<string>();
const addCustomer = async ({ data }: EventOf<typeof emailVerified>): Promise<void> => resolve(data.email);
// @ts-expect-error the contract knows no such field
on(emailVerified, async ({ data }) => void data.nickname);

const { verdict } = await testHandlers([on(emailVerified, async () => undefined)]).feed(anEvent(emailVerified));
{
  await using nats = connectNats({ url: String(process.env['NATS_URL']), name: 'crm', inboxPrefix: '_INBOX_crm', log });
  await using _subscription = startSubscription({
    nats,
    log,
    declaration: { stream_name: 'USER_EVENTS', config },
    handlers: [on(emailVerified, addCustomer)],
  });
  console.log(JSON.stringify({ verdict, email: await done }));
}
`;

const crm = {
  durable_name: 'crm',
  filter_subjects: ['user.v1.email_verified.*', 'user.retry.crm.>'],
  deliver_policy: 'all' as const,
  ack_policy: 'explicit' as const,
  ack_wait: 30e9,
  max_deliver: 100,
};

test(
  'the packed packages work in a project that has nothing else of ours, with their types, on a real server',
  { timeout: 300_000 },
  async ({ skip }) => {
    await using folder = await createTempFolder('packed');
    const project = join(folder.path, 'project');
    await mkdir(project);
    const packages = await pack(folder.path);
    await write(project, { 'package.json': { name: 'crm', type: 'module', private: true }, 'crm.json': crm });
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages];
    const why = await run('npm', install, { cwd: project, timeout: longestMs }).then(
      () => '',
      (error: unknown) => String(error),
    );
    skip(/ENOTFOUND|ETIMEDOUT|EAI_AGAIN|ECONNREFUSED|ENOTCACHED|E404/.test(why), 'the npm registry can not be reached');
    expect(why).toBe('');

    await writeFile(join(project, 'subscriber.ts'), subscriber);
    await write(project, { 'tsconfig.json': { compilerOptions } });
    const tsc = join(libs, '../node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', '.'], { cwd: project, timeout: longestMs });

    await using nats = await testNats({
      topology: { ...topology, consumers: [{ stream_name: 'USER_EVENTS', config: crm }] },
    });
    await publishVerified(nats.as('user'), 'bob@example.com');
    const env = { ...process.env, NATS_URL: nats.urls.operator };
    const { stdout } = await run(process.execPath, ['subscriber.js'], { cwd: project, env, timeout: longestMs });
    expect(JSON.parse(stdout)).toEqual({ verdict: 'acknowledged', email: 'bob@example.com' });
    await expect(
      run(process.execPath, ['-e', "import('@postrider/messaging/src/deliver.ts')"], { cwd: project }),
    ).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  },
);

const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  types: ['node'],
  typeRoots: [join(libs, '../node_modules/@types')],
};

/** One after the other: the second compiles against what the first is made of. */
async function pack(target: string): Promise<string[]> {
  for (const name of ['contracts', 'messaging'])
    await run('pnpm', ['pack', '--pack-destination', target], { cwd: join(libs, name), timeout: longestMs });
  const files = (await readdir(target)).filter((name) => name.endsWith('.tgz'));
  expect(files).toHaveLength(2);
  return files.map((name) => join(target, name));
}

async function write(folder: string, files: Record<string, unknown>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
}

async function publishVerified(access: NatsAccess, email: string): Promise<void> {
  await using nats = connectNats({ ...access, name: 'user', inboxPrefix: '_INBOX_user', log });
  await nats.first();
  const { payload, ...event } = emailVerified.create({ ...emailVerified.sample, email });
  const ids = { id: '1', eventId: 'e-1', messageId: 'e-1' };
  const stored = { ...event, ...ids, headers: {}, recordedAt: new Date(), expiresAt: null };
  await createPublisher({ nats, source: '/postrider/user', log }).publish({ ...stored, body: JSON.stringify(payload) });
}
