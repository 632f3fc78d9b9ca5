import { isDeepStrictEqual } from 'node:util';
import {
  jetstreamManager,
  type ConsumerConfig,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';

/** A stream as a file declares it: the API's own JSON (snake_case, nanoseconds), as `nats stream add --config` takes it. */
export type StreamDeclaration = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/** A durable as a file declares it: the API's own JSON, as `nats consumer add --config` takes it, and the stream it belongs to. */
export interface ConsumerDeclaration {
  readonly stream_name: string;
  readonly config: Partial<ConsumerConfig> & {
    readonly durable_name: string;
    readonly filter_subjects: string[];
    readonly ack_wait: number;
    readonly max_deliver: number;
  };
}

export interface Topology {
  readonly streams: readonly StreamDeclaration[];
  readonly consumers: readonly ConsumerDeclaration[];
}

/**
 * Creates what is missing and updates what differs; never deletes. For local stacks, tests and operators: services only verify.
 *
 * @throws when the server echoes another configuration than it was given: an older server drops what it does not know
 */
export async function applyTopology({
  nc,
  topology,
  log,
}: {
  nc: NatsConnection;
  topology: Topology;
  log: Logger;
}): Promise<void> {
  const manager = await jetstreamManager(nc, { timeout: 10_000 });
  for (const stream of topology.streams) {
    const action = await applyStream(manager, stream);
    log.info({ stream: stream.name, action }, 'stream applied');
  }
  for (const consumer of topology.consumers) {
    const action = await applyConsumer(manager, consumer);
    log.info({ stream: consumer.stream_name, durable: consumer.config.durable_name, action }, 'consumer applied');
  }
}

type Applied = 'created' | 'updated' | 'unchanged';

async function applyStream(manager: JetStreamManager, declared: StreamDeclaration): Promise<Applied> {
  const existing = await found(manager.streams.info(declared.name));
  if (existing !== undefined && differences(declared, existing.config).length === 0) return 'unchanged';
  const answer =
    existing === undefined
      ? await manager.streams.add(declared)
      : await manager.streams.update(declared.name, declared);
  refuseDrift(`stream ${declared.name}`, differences(declared, answer.config));
  return existing === undefined ? 'created' : 'updated';
}

async function applyConsumer(manager: JetStreamManager, declared: ConsumerDeclaration): Promise<Applied> {
  const { stream_name: stream, config } = declared;
  const existing = await found(manager.consumers.info(stream, config.durable_name));
  if (existing !== undefined && differences(config, existing.config).length === 0) return 'unchanged';
  const answer =
    existing === undefined
      ? await manager.consumers.add(stream, config)
      : await manager.consumers.update(stream, config.durable_name, config);
  refuseDrift(`consumer ${config.durable_name}`, differences(config, answer.config));
  return existing === undefined ? 'created' : 'updated';
}

/** What of the declared consumer the server has otherwise. A filter that delivers more than declared is accepted. */
export function consumerDifferences(declared: ConsumerDeclaration, actual: ConsumerConfig): string[] {
  const { filter_subjects: filters, ...rest } = declared.config;
  const actualFilters =
    actual.filter_subjects ?? (actual.filter_subject === undefined ? ['>'] : [actual.filter_subject]);
  const missing = filters.filter((filter) => !coversFilter(actualFilters, filter));
  return [...differences(rest, actual), ...missing.map((filter) => `filter_subjects lacks ${filter}`)];
}

/** Whether one of the filters delivers everything that `wanted` would. */
export function coversFilter(filters: readonly string[], wanted: string): boolean {
  const tokens = wanted.split('.');
  return filters.some((filter) => {
    const wider = filter.split('.');
    if (wider.at(-1) === '>')
      return tokens.length >= wider.length && wider.slice(0, -1).every((token, i) => covers(token, tokens[i]));
    return tokens.length === wider.length && wider.every((token, i) => covers(token, tokens[i]));
  });
}

function covers(wider: string, token: string | undefined): boolean {
  return token !== '>' && (wider === '*' || wider === token);
}

/** Compares what is declared, and nothing else: the server adds defaults and metadata of its own. */
function differences(declared: object, actual: object): string[] {
  const actualOf = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(declared).flatMap(([key, want]) => {
    const have = key === 'metadata' ? ownMetadata(actualOf.get(key)) : actualOf.get(key);
    // Absent, false, zero and empty are one thing: the API leaves its zero values out.
    if (isDeepStrictEqual(want, have) || (isZero(want) && isZero(have))) return [];
    return [`${key} is ${JSON.stringify(have)}, declared ${JSON.stringify(want)}`];
  });
}

function ownMetadata(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('_nats.')));
}

function isZero(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  );
}

function refuseDrift(what: string, drift: readonly string[]): void {
  if (drift.length > 0)
    throw new Error(`The server did not take the ${what} as declared: ${drift.join('; ')}. Is it older than 2.12.4?`);
}

async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof JetStreamApiError && (error.code === 10_059 || error.code === 10_014)) return undefined;
    throw error;
  }
}
