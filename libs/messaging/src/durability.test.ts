import type { StreamInfo } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { judgeDurability, type ServerFacts } from './durability.ts';

const synced: ServerFacts = { version: '2.15.1', syncsAlways: true };
const follower = { name: 'n2', current: true, active: 1 };

function stream(
  config: Partial<StreamInfo['config']>,
  replicas: object[] = [],
): Pick<StreamInfo, 'config' | 'cluster'> {
  const defaults = { name: 'S', subjects: ['s.>'], storage: 'file', num_replicas: 1, duplicate_window: 120e9 };
  // Only what is judged; the rest of a stream's configuration is long.
  return { config: { ...defaults, ...config }, cluster: { replicas } } as unknown as Pick<
    StreamInfo,
    'config' | 'cluster'
  >;
}

const tier = (name: string) => ({ metadata: { 'postrider.durability': name } });

test.each([
  ['a stream that declares nothing is T0', stream({}), synced, { tier: 'T0', shortfalls: [], unverified: [] }],
  [
    'T1 with three replicas',
    stream({ ...tier('T1'), num_replicas: 3 }, [follower, follower]),
    synced,
    { shortfalls: [] },
  ],
  [
    'T2 that could not be looked at',
    stream({ ...tier('T2'), num_replicas: 3 }),
    { ...synced, syncsAlways: undefined },
    { shortfalls: [], unverified: ['sync_interval'] },
  ],
  ['T1 on one server', stream(tier('T1')), synced, { shortfalls: ['num_replicas is 1, T1 needs 3'] }],
  [
    'T1 on an old server',
    stream({ ...tier('T1'), num_replicas: 3 }),
    { ...synced, version: '2.12.4' },
    { shortfalls: ['the server is 2.12.4, T1 needs 2.14.0 or later'] },
  ],
  [
    'T1 with a replica away',
    stream({ ...tier('T1'), num_replicas: 3 }, [follower, { ...follower, offline: true }]),
    synced,
    { shortfalls: ['1 of 3 replicas are away or behind'] },
  ],
  [
    'T2 without sync',
    stream({ ...tier('T2'), num_replicas: 3 }),
    { ...synced, syncsAlways: false },
    { shortfalls: ['sync_interval is not always'] },
  ],
  ['memory storage', stream({ storage: 'memory' }), synced, { shortfalls: ['storage is memory, not file'] }],
  [
    'asynchronous persistence',
    stream({ persist_mode: 'async' }),
    synced,
    { shortfalls: ['persist_mode is async: it acknowledges what it has not written'] },
  ],
  [
    'a short window',
    stream({ duplicate_window: 60e9 }),
    synced,
    { shortfalls: ['duplicate_window is below two minutes'] },
  ],
  [
    'a server of before',
    stream({}),
    { ...synced, version: '2.11.9' },
    { shortfalls: ['the server is 2.11.9, T0 needs 2.12.4 or later'] },
  ],
  [
    'a tier nobody knows',
    stream(tier('T9')),
    synced,
    { tier: 'T0', shortfalls: ['postrider.durability is "T9", not one of T0, T1, T2'] },
  ],
])('%s', (_name, info, server, expected) => {
  expect(judgeDurability(info, server)).toMatchObject(expected);
});

test.each(['2.12.4', '2.12.10', '2.15.0-RC.1', '3.0.0'])('version %s is new enough for T0', (version) => {
  expect(judgeDurability(stream({}), { version, syncsAlways: undefined }).shortfalls).toEqual([]);
});
