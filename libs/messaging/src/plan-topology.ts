import { type ConsumerInfo, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  type ConsumerDeclaration,
  coversFilter,
  type Difference,
  differences,
  type StreamDeclaration,
  type Topology,
} from './topology.ts';

/** What must happen to a stream or a durable for the server to have what is declared. */
export interface TopologyChange {
  readonly kind: 'stream' | 'consumer';
  /** `USER_EVENTS`, or `USER_EVENTS > crm`. */
  readonly name: string;
  /** `replace`: the server can't change it, so it would have to be deleted and created anew. */
  readonly action: 'create' | 'update' | 'replace' | 'keep';
  readonly differences: readonly Difference[];
  /** What would be lost; empty where nothing is. */
  readonly losses: readonly string[];
  readonly declared: StreamDeclaration | ConsumerDeclaration;
}

export interface TopologyPlan {
  readonly changes: readonly TopologyChange[];
  /** What the server has and nobody declares. It is told, never touched. */
  readonly undeclared: readonly string[];
}

/** Compares the server with what is declared, and changes nothing. */
export async function planTopology(nc: NatsConnection, topology: Topology): Promise<TopologyPlan> {
  const manager = await jetstreamManager(nc, { timeout: 10_000 });
  const streams = new Map<string, StreamInfo>();
  const consumers = new Map<string, ConsumerInfo>();
  for await (const stream of manager.streams.list()) {
    streams.set(stream.config.name, stream);
    for await (const consumer of manager.consumers.list(stream.config.name))
      if (consumer.config.durable_name !== undefined)
        consumers.set(nameOf(stream.config.name, consumer.name), consumer);
  }
  const ofStreams = topology.streams.map((declared) => planStream(declared, streams.get(declared.name)));
  const replaced = new Set(ofStreams.filter(({ action }) => action === 'replace').map(({ name }) => name));
  const ofConsumers = topology.consumers.map((declared) => {
    const name = nameOf(declared.stream_name, declared.config.durable_name);
    return planConsumer(declared, name, replaced.has(declared.stream_name) ? undefined : consumers.get(name));
  });
  const changes = [...ofStreams, ...ofConsumers];
  const known = new Set(changes.map(({ name }) => name));
  return { changes, undeclared: [...streams.keys(), ...consumers.keys()].filter((name) => !known.has(name)) };
}

function nameOf(stream: string, durable: string): string {
  return `${stream} > ${durable}`;
}

function planStream(declared: StreamDeclaration, existing: StreamInfo | undefined): TopologyChange {
  const base = { kind: 'stream', name: declared.name, declared } as const;
  if (existing === undefined) return { ...base, action: 'create', differences: [], losses: [] };
  const found = differences(declared, existing.config);
  if (found.length === 0) return { ...base, action: 'keep', differences: [], losses: [] };
  if (found.some(isFixedForStream)) {
    const losses = [`its ${existing.state.messages} messages, and the place of each of its consumers`];
    return { ...base, action: 'replace', differences: found, losses };
  }
  return { ...base, action: 'update', differences: found, losses: found.flatMap(lossOfUpdate) };
}

function planConsumer(declared: ConsumerDeclaration, name: string, existing: ConsumerInfo | undefined): TopologyChange {
  const base = { kind: 'consumer', name, declared } as const;
  if (existing === undefined) return { ...base, action: 'create', differences: [], losses: [] };
  const found = differences(declared.config, existing.config);
  if (found.length === 0) return { ...base, action: 'keep', differences: [], losses: [] };
  if (!found.some(({ setting }) => fixedForConsumers.has(setting)))
    return { ...base, action: 'update', differences: found, losses: [] };
  const losses = [`its place: what was delivered up to ${existing.ack_floor.stream_seq} may come again, or be skipped`];
  return { ...base, action: 'replace', differences: found, losses };
}

/** nats-server 2.15 `jsConfigUpdateCheck`: what an update of a stream may not change. */
function isFixedForStream({ setting, have, want }: Difference): boolean {
  if (['storage', 'allow_msg_counter', 'persist_mode'].includes(setting)) return true;
  if (setting === 'retention') return have === 'workqueue' || want === 'workqueue';
  const oneWay = ['sealed', 'deny_delete', 'deny_purge', 'allow_msg_ttl', 'allow_msg_schedules'];
  return oneWay.includes(setting) && have === true;
}

/** nats-server 2.15 `checkNewConsumerConfig`: what an update of a pull consumer may not change. */
const fixedForConsumers = new Set([
  'deliver_policy',
  'opt_start_seq',
  'opt_start_time',
  'ack_policy',
  'replay_policy',
  'max_waiting',
  'mem_storage',
]);

/** An update is taken at once: a tighter limit deletes what is above it, a missing subject is no longer stored. */
function lossOfUpdate({ setting, have, want }: Difference): string[] {
  if (setting === 'subjects')
    return asTexts(have)
      .filter((subject) => !coversFilter(asTexts(want), subject))
      .map((subject) => `what is published to ${subject} from now on`);
  if (setting === 'num_replicas') return Number(want) < Number(have) ? [`${Number(have) - Number(want)} copies`] : [];
  if (setting === 'retention' && want === 'interest') return ['the messages that no consumer waits for'];
  const what = limits.get(setting);
  return what !== undefined && asLimit(want) < asLimit(have) ? [what] : [];
}

const limits = new Map([
  ['max_age', 'the messages that are older'],
  ['max_bytes', 'the oldest messages above it'],
  ['max_msgs', 'the oldest messages above it'],
  ['max_msgs_per_subject', 'the oldest messages of each subject above it'],
]);

/** Zero, -1 and absent are no limit. */
function asLimit(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : Infinity;
}

function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
