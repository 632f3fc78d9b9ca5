import { jetstreamManager } from '@nats-io/jetstream';
import { testNats } from '@postrider/local/testing';
import { streamDeclaration } from '@postrider/topology';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { connectNats } from '../src/connect.ts';
import { watchStreams } from '../src/watch-streams.ts';

const log = pino({ level: 'silent' });

test('the tier that a stream declares is verified, with the least permissions, and again when it changes', async () => {
  await using server = await testNats();
  await using operator = connectNats({ url: server.urls.operator, name: 'operator', log });
  await using nats = connectNats({ ...server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log });
  const streams = ['USER_EVENTS', 'USER_CHALLENGES'].map(streamDeclaration);
  await using watch = watchStreams({ nats, streams, monitorUrl: server.monitorUrl, log, everyMs: 50 });
  await expect.poll(() => watch.health()).toEqual({ status: 'up', detail: 'USER_EVENTS T0, USER_CHALLENGES T0' });

  const { streams: manager } = await jetstreamManager(await operator.first());
  await manager.update('USER_EVENTS', { metadata: { 'postrider.durability': 'T2' } });
  await expect
    .poll(() => watch.health())
    .toEqual({
      status: 'down',
      detail: 'USER_EVENTS: num_replicas is 1, T2 needs 3, sync_interval is not always',
    });
});

test('before there is a server nothing is claimed', async () => {
  await using nats = connectNats({ url: 'nats://127.0.0.1:1', name: 'user', log });
  await using watch = watchStreams({ nats, streams: [streamDeclaration('USER_EVENTS')], log });
  expect(watch.health().status).toBe('starting');
});

test('a stream that drifted from its declaration is named, with what it has instead', async () => {
  await using server = await testNats();
  await using operator = connectNats({ url: server.urls.operator, name: 'operator', log });
  const { streams: manager } = await jetstreamManager(await operator.first());
  await manager.update('USER_CHALLENGES', { max_age: 86_400e9, metadata: { 'postrider.durability': 'T0' } });
  await using nats = connectNats({ ...server.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log });
  const streams = ['USER_EVENTS', 'USER_CHALLENGES'].map(streamDeclaration);
  await using watch = watchStreams({ nats, streams, log });
  await expect
    .poll(() => watch.health())
    .toEqual({
      status: 'down',
      detail: 'USER_CHALLENGES is not as declared: max_age is 86400000000000, declared 691200000000000',
    });
});
