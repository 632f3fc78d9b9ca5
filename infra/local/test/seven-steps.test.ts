import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { freePortOffset } from '../src/ports/free-port-offset.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { copyRepository } from './copy-repository.ts';
import { followSteps } from './readme-steps.ts';
import { person, runStack } from './running-stack.ts';

const run = promisify(execFile);

test('who follows the README’s seven steps has an event and its mail', async () => {
  await using folder = await createTempFolder('seven-steps');
  const root = join(folder.path, 'postrider');
  await copyRepository(root);
  const written = await followSteps(await readFile(join(root, 'README.md'), 'utf8'), root);
  expect(written.length).toBeGreaterThan(7);

  const inCopy = { cwd: root, env: { ...process.env, CI: '' } }; // Where CI is set, vitest writes no new snapshots.
  await run(process.execPath, ['infra/catalogue/src/main.ts'], inCopy);
  await run(process.execPath, ['infra/catalogue/src/main.ts', '--check'], inCopy);
  await run(process.execPath, ['infra/ops/src/ops.ts', 'topology', 'render'], inCopy);
  await run(process.execPath, ['infra/ops/src/ops.ts', 'topology', 'render', '--check'], inCopy);
  expect(await readFile(join(root, 'libs/contracts/CHANGELOG.md'), 'utf8')).toContain('`user.locked.v1`: published');
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.base.json'], inCopy);
  const unit = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'infra/vitest.config.ts', '--project', 'unit'];
  await run(process.execPath, [...unit, 'services/email/src/mail', 'libs/contracts', 'infra/nats'], inCopy);
  expect(await readFile(join(root, 'services/email/src/account-locked/usual.en.txt'), 'utf8')).toContain(
    'Subject: Your account is locked',
  );

  const portOffset = await freePortOffset();
  await using stack = await runStack({ dataDir: join(folder.path, 'data'), portOffset, root });
  const info = await stack.info();
  const ada = person(info, 'ada@example.com');
  await ada.register();
  const lock = await fetch(`${info.adminUrl}/v1/users/${await idOf(info.databaseUrls.user, ada.email)}/lock`, {
    method: 'POST',
  });
  expect(lock.status).toBe(204);
  await expect
    .poll(async () => (await ada.mails()).map(({ Subject }) => Subject), { timeout: 20_000 })
    .toContain('Your account is locked');
}, 240_000);

async function idOf(databaseUrl: string, email: string): Promise<string> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string }>('select id from "user" where email = $1', [email]);
    return rows[0]?.id ?? '';
  } finally {
    await client.end();
  }
}
