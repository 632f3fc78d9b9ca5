import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accessVariables, testFolder } from '@postrider/local/testing';
import { expect } from 'vitest';
import type { Servers } from './account-fixture.ts';
import { request } from './user-service-fixture.ts';

/**
 * The service as its own process: what it logs is what an operator gets, and its memory is its own. It logs to a file, since a pipe to
 * a test that is busy would make it wait.
 */
export async function startProcess(servers: Servers, env: Record<string, string> = {}) {
  const key = Buffer.alloc(32, 7).toString('base64url');
  const main = new URL('../src/main.ts', import.meta.url).pathname;
  const folder = await testFolder('user-service');
  const log = join(folder.path, 'log');
  const file = openSync(log, 'w');
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', file, 'inherit'],
    env: {
      PUBLIC_PORT: '0',
      GATEWAY_PORT: '0',
      ADMIN_PORT: '0',
      DATABASE_URL: servers.database.url,
      ...accessVariables(servers.nats.as('user')),
      EVENTS_ENABLED: 'false',
      SEALING_PUBLIC_KEY: servers.sealingPublicKey,
      CODE_KEY: key,
      SESSION_KEY: key,
      METRICS_ENABLED: 'false',
      ...env,
    },
  });
  closeSync(file);
  const lines = async () => (await readFile(log, 'utf8')).split('\n').filter(Boolean);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  const started = async () =>
    (await lines())
      .map((line) => JSON.parse(line) as { urls?: Record<'public' | 'gateway' | 'admin', string> })
      .find(({ urls }) => urls)?.urls;
  await expect.poll(started).toBeDefined();
  const urls = (await started()) ?? { public: '', gateway: '', admin: '' };
  await expect.poll(async () => (await request(`${urls.public}/readyz`, 'GET')).status).toBe(200);
  return {
    lines,
    url: urls.public,
    urls,
    pid: child.pid ?? 0,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
