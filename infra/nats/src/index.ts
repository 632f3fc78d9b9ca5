import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ConsumerDeclaration, StreamDeclaration, Topology } from '@postrider/messaging';
import { nkeyUsersOf } from './nkeys.ts';

export { atTier } from './at-tier.ts';
export { nkeyUsersOf, nkeyVariable } from './nkeys.ts';
export { type Subscriber, subscriberConsumer, subscriberUser } from './subscriber.ts';

const folder = join(import.meta.dirname, '..');

/** Accounts and permissions for `nats-server -c`; ports, store, passwords and the public halves of keys are the starter's. */
export const serverConfigPath: string = join(folder, 'accounts.conf');

/** A node of a cluster, with the same accounts and TLS. */
export const productionConfigPath: string = join(folder, 'production.conf');

/** Who signs in with an nkey, as accounts.conf has them. */
export const nkeyUsers: readonly string[] = nkeyUsersOf(readFileSync(serverConfigPath, 'utf8'));

/** Every declared stream (`streams/<STREAM>.json`) and durable (`consumers/<STREAM>/<durable>.json`). */
export const topology: Topology = {
  streams: jsonFiles('streams').map((path) => readJson(path) as StreamDeclaration),
  consumers: readdirSync(join(folder, 'consumers')).flatMap((stream) =>
    jsonFiles(join('consumers', stream)).map((path) => ({
      stream_name: stream,
      config: readJson(path) as ConsumerDeclaration['config'],
    })),
  ),
};

/**
 * The declaration of one durable.
 *
 * @throws when no file declares it
 */
export function consumerDeclaration(durable: string): ConsumerDeclaration {
  const declaration = topology.consumers.find(({ config }) => config.durable_name === durable);
  if (declaration === undefined)
    throw new Error(`No file under infra/nats/consumers declares the durable "${durable}".`);
  return declaration;
}

/**
 * The declaration of one stream.
 *
 * @throws when no file declares it
 */
export function streamDeclaration(name: string): StreamDeclaration {
  const declaration = topology.streams.find((stream) => stream.name === name);
  if (declaration === undefined) throw new Error(`No file under infra/nats/streams declares the stream "${name}".`);
  return declaration;
}

function jsonFiles(path: string): string[] {
  return readdirSync(join(folder, path))
    .filter((name) => basename(name, '.json') !== name)
    .toSorted()
    .map((name) => join(folder, path, name));
}

/** The files are ours and tested; the server judges them again. */
function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
