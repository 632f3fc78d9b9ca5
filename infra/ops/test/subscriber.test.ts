import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { emailVerified, signedIn } from '@postrider/contracts';
import { testFolder, testNats } from '@postrider/local/testing';
import { connectionOptions, connectNats, on, startSubscription } from '@postrider/messaging';
import { subscriberConsumer } from '@postrider/topology';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { runOps } from './ops-world.ts';

const natsDir = join(import.meta.dirname, '../../nats');
const log = pino({ level: 'silent' });

test('a subscriber that is added gets what it asked for, with its own key and nothing else', async () => {
  await using folder = await testFolder('subscriber');
  const dir = join(folder.path, 'nats');
  await cp(natsDir, dir, { recursive: true, filter: (path) => !path.includes('node_modules') });
  const added = await runOps({}, ['subscriber', 'add', 'crm', '--events', emailVerified.type, '--dir', dir]);
  expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('NATS_CRM_NKEY') });

  // As somebody who reviews the change would apply it.
  const config = JSON.parse(await readFile(join(dir, 'consumers/USER_EVENTS/crm.json'), 'utf8'));
  const declaration = { stream_name: 'USER_EVENTS', config };
  const streams = [{ name: 'USER_EVENTS', subjects: ['user.v1.>', 'user.retry.>'] }];
  await using server = await testNats({
    topology: { streams, consumers: [declaration] },
    accounts: join(dir, 'accounts.conf'),
  });
  const operator = await connect(await connectionOptions({ url: server.urls.operator }));
  await using nats = connectNats({ ...server.as('crm'), name: 'crm', inboxPrefix: '_INBOX_crm', log });
  const seen: string[] = [];
  const handlers = [on(emailVerified, async ({ data }) => void seen.push(data.email))];
  await using subscription = startSubscription({ nats, log, declaration, handlers });
  const { payload, subject } = emailVerified.create(emailVerified.sample);
  const headers = { 'ce-id': 'e-1', 'ce-source': '/t', 'ce-type': emailVerified.type, 'ce-subject': 'u' };
  const { headers: create } = await import('@nats-io/transport-node');
  const hdrs = create();
  for (const [name, value] of Object.entries({ ...headers, 'ce-time': '2026-01-01T00:00:00Z' })) hdrs.set(name, value);
  await jetstream(operator).publish(subject, JSON.stringify(payload), { headers: hdrs });
  await expect.poll(() => seen).toEqual([emailVerified.sample.email]);
  expect(subscription.health().status).toBe('up');
  const consumers = (await jetstreamManager(operator)).consumers;
  await expect.poll(async () => (await consumers.info('USER_EVENTS', 'crm')).num_ack_pending).toBe(0);

  const nc = await nats.first();
  for (const refused of [
    '$JS.API.CONSUMER.CREATE.USER_EVENTS.crm',
    '$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.email-user-events',
    '$JS.API.STREAM.MSG.GET.USER_EVENTS',
    '$JS.API.DIRECT.GET.USER_EVENTS',
    '$JS.API.CONSUMER.CREATE.USER_CHALLENGES.spy',
    'user.v1.email_verified.u-1',
    'dead.email-challenges.x',
  ])
    await expect(nc.request(refused, '{}', { timeout: 5_000 })).rejects.toThrow(/permission/i);
  await operator.close();
});

test('what can not be subscribed to is refused, and so is a name that somebody has', async () => {
  const add = async (name: string, events: string) => runOps({}, ['subscriber', 'add', name, '--events', events]);
  expect(await add('Crm', 'all')).toMatchObject({ code: 2, stderr: expect.stringContaining('"Crm"') });
  expect(await add('crm', 'user.nothing.v1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(signedIn.type),
  });
  expect(await add('crm', 'challenge.email_verification_issued.v1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('one-time secrets'),
  });
  expect(await add('email', 'all')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a user "email" already'),
  });
});

test('a subscriber’s durable leaves nothing to be given up by the server', () => {
  const { config } = subscriberConsumer({ name: 'crm', description: 'CRM', filters: ['user.v1.>'] });
  expect(config).toMatchObject({ max_deliver: -1, filter_subjects: ['user.v1.>', 'user.retry.crm.>'] });
});
