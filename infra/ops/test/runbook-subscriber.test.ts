import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsCliPath, testFolder, testNats, whyNoNatsCli } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { copyRepository } from '../../local/test/copy-repository.ts';
import { openShell, recipe } from './runbook.ts';

test.skipIf(natsCliPath === undefined)(
  `a subscriber is added: files, key, server, durable, and it sees its own durable${whyNoNatsCli}`,
  async () => {
    const steps = recipe('A new subscriber', 'declare', 'makeKey', 'apply', 'check');
    await using folder = await testFolder('runbook');
    const root = join(folder.path, 'postrider');
    await copyRepository(root);
    const type = openShell({ env: {}, cwd: root, root });
    expect(await type(steps.declare)).toMatchObject({
      code: 0,
      output: expect.stringContaining('crm.json is written'),
    });
    const keys = await type(steps.makeKey);
    expect(keys).toMatchObject({ code: 0, output: expect.stringMatching(/^U[A-Z0-9]{55}$/m) });
    const crm = (await readFile(join(root, 'crm.nk'), 'utf8')).trim();

    // The servers, started with the new accounts and the public half of that key; their streams are those of before.
    await using server = await testNats({ accounts: join(root, 'infra/nats/accounts.conf'), seeds: { crm } });
    const url = server.urls.operator;
    const typeThere = openShell({
      env: { NATS_OPERATOR_URL: url, NATS_URL: url, SERVER: server.as('crm').url },
      cwd: root,
      root,
    });
    expect(await typeThere(steps.apply)).toMatchObject({ code: 0, output: expect.stringContaining('crm') });
    expect(await typeThere(steps.check)).toMatchObject({
      code: 0,
      output: expect.stringContaining('user.v1.email_verified.*'),
    });
  },
  300_000,
);
