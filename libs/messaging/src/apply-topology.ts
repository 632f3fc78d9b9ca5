import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { planTopology, type TopologyChange } from './plan-topology.ts';
import {
  type ConsumerDeclaration,
  describeDifference,
  differences,
  type StreamDeclaration,
  type Topology,
} from './topology.ts';

export interface ApplyOptions {
  readonly nc: NatsConnection;
  readonly topology: Topology;
  readonly log: Logger;
  /** Does what loses messages or places as well. */
  readonly mayDestroy?: boolean;
  /** Told after each change. */
  readonly onChange?: (change: TopologyChange) => void;
}

/** Something would be lost, and nobody said that it may be. Nothing was changed. */
export class DestructiveChangeError extends Error {
  override readonly name = 'DestructiveChangeError';
}

/**
 * Creates what is missing and updates what differs; what nobody declares stays. For local stacks, tests and operators: services only verify.
 *
 * @throws {DestructiveChangeError} before anything is changed, when something would be lost
 * @throws when the server then has another configuration than it was given: an older server drops what it does not know
 */
export async function applyTopology(options: ApplyOptions): Promise<void> {
  const { nc, topology, log, mayDestroy = false, onChange } = options;
  const { changes } = await planTopology(nc, topology);
  const losing = changes.filter(({ losses }) => losses.length > 0);
  if (losing.length > 0 && !mayDestroy)
    throw new DestructiveChangeError(
      `Nothing was changed, since this would be lost: ${losing.map(({ name, losses }) => `${name}: ${losses.join(', ')}`).join('; ')}.`,
    );
  const manager = await jetstreamManager(nc, { timeout: 10_000 });
  for (const change of changes) {
    const { kind, name, action, declared } = change;
    if (action !== 'keep') await applyChange(manager, change, declared);
    log.info({ kind, name, action }, 'topology applied');
    onChange?.(change);
  }
}

async function applyChange(
  manager: JetStreamManager,
  { name, action }: TopologyChange,
  declared: StreamDeclaration | ConsumerDeclaration,
): Promise<void> {
  if ('stream_name' in declared) return applyConsumer(manager, action, declared);
  const { streams } = manager;
  if (action === 'replace') await streams.delete(name);
  const { config } = action === 'update' ? await streams.update(name, declared) : await streams.add(declared);
  refuseDrift(`stream ${name}`, declared, config);
}

async function applyConsumer(
  { consumers }: JetStreamManager,
  action: TopologyChange['action'],
  { stream_name: stream, config }: ConsumerDeclaration,
): Promise<void> {
  const { durable_name: durable } = config;
  if (action === 'replace') await consumers.delete(stream, durable);
  if (action === 'update') await consumers.update(stream, durable, config);
  else await consumers.add(stream, config);
  // Not the answer itself: after its start a server answers a durable's first update with the durable as it was (seen on 2.15.1).
  const { config: actual } = await consumers.info(stream, durable);
  refuseDrift(`consumer ${durable}`, config, actual);
}

function refuseDrift(what: string, declared: object, actual: object): void {
  const drift = differences(declared, actual).map(describeDifference);
  if (drift.length > 0)
    throw new Error(`The server did not take the ${what} as declared: ${drift.join('; ')}. Is it older than 2.12.4?`);
}
