import { Svcm } from '@nats-io/services';
import { testNats } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { announceService, connectNats } from '../src/index.ts';
import { log } from './messaging-fixture.ts';

const bare = { topology: { streams: [], consumers: [] } };

test('each replica is found by name, tells how it is, and is gone when it stops; with the permissions of its service', async () => {
  await using server = await testNats(bare);
  await using operator = connectNats({ url: server.urls.operator, name: 'operator', log });
  const asked = await operator.first();
  const start = (status: string) => {
    const nats = connectNats({ ...server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log });
    const described = { name: 'user', version: '1.2.3', description: 'Accounts', root: 'svc.user' };
    const announced = announceService({ nats, log, ...described, health: () => ({ status }) });
    return {
      nats,
      async [Symbol.asyncDispose]() {
        await announced[Symbol.asyncDispose]();
        await nats[Symbol.asyncDispose]();
      },
    };
  };
  await using _ready = start('ready');
  const degraded = start('degraded');
  const client = new Svcm(asked).client({ maxWait: 500, strategy: 'timer' });
  const found = async () => {
    const all = [];
    for await (const one of await client.info('user')) all.push(one);
    return all;
  };
  await expect.poll(async () => (await found()).length).toBe(2);
  const [replica] = await found();
  expect(replica).toMatchObject({ name: 'user', version: '1.2.3', description: 'Accounts' });
  expect(replica?.endpoints).toMatchObject([{ name: 'health', subject: 'svc.user.health' }]);

  const answers = [];
  for await (const answer of await asked.requestMany('svc.user.health', '', { maxMessages: 2, maxWait: 10_000 }))
    answers.push(answer.json<{ status: string }>().status);
  expect(answers.toSorted()).toEqual(['degraded', 'ready']);

  await degraded[Symbol.asyncDispose]();
  await expect.poll(async () => (await found()).length).toBe(1);
});

test('without a server nothing is announced, and stopping does not wait for one', async () => {
  await using nats = connectNats({ url: 'nats://127.0.0.1:1', name: 'user', log });
  const described = { name: 'user', version: '1.2.3', description: 'Accounts', root: 'svc.user' };
  const announced = announceService({ nats, log, ...described, health: () => ({ status: 'degraded' }) });
  await announced[Symbol.asyncDispose]();
  expect(nats.current()).toBeUndefined();
});
