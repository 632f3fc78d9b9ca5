import { jetstreamManager } from '@nats-io/jetstream';
import { testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { connectAsOperator } from '../src/nats.ts';
import { runOps } from './ops-world.ts';

test('a drifted stream is a readable diff; verify ends with 1, apply mends it, and refuses to lose anything unasked', async () => {
  await using server = await testNats();
  const env = { NATS_OPERATOR_URL: server.urls.operator };
  expect(await runOps(env, ['topology', 'verify'])).toMatchObject({ code: 0, stderr: '' });

  const nc = await connectAsOperator(server.urls.operator);
  const { streams } = await jetstreamManager(nc);
  await streams.update('USER_EVENTS', { max_age: 86_400e9, description: 'edited by hand' });
  await streams.update('EMAIL_EVENTS', { max_age: 0 });
  await streams.add({ name: 'FOREIGN', subjects: ['foreign.>'] });
  const verified = await runOps(env, ['topology', 'verify']);
  expect(verified.code).toBe(1);
  expect(verified.stdout).toContain(
    [
      '~ stream EMAIL_EVENTS: to be updated',
      '    - max_age: 0',
      '    + max_age: 2592000000000000 (30 days)',
      '    ! loses the messages that are older',
      '~ stream USER_EVENTS: to be updated',
      '    - description: "edited by hand"',
      '    + description: "Public facts about users (user.v1.<event>.<userId>); anyone who may know them subscribes"',
      '    - max_age: 86400000000000 (1 days)',
      '    + max_age: 2592000000000000 (30 days)',
      '? FOREIGN: on the server, declared by nobody; it stays',
    ].join('\n'),
  );

  const refused = await runOps(env, ['topology', 'apply']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('If it may be, say --destroy.') });
  expect(await runOps(env, ['topology', 'apply', '--destroy'])).toMatchObject({ code: 0 });
  const { url, nkeySeed = '' } = server.as('provisioner');
  const provisioner = { NATS_OPERATOR_URL: url, NATS_PROVISIONER_NKEY_SEED: nkeySeed };
  const { stdout } = await runOps(provisioner, ['topology', 'verify', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ undeclared: ['FOREIGN'] });
  await nc.close();
});

test('nonsense ends with 2', async () => {
  expect(await runOps({}, ['topology', 'aply'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('plan|apply'),
  });
  expect(await runOps({}, ['topology', 'plan', '--tier', 'T9'])).toMatchObject({ code: 2 });
});
