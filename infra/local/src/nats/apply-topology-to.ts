import { setTimeout as sleep } from 'node:timers/promises';
import { applyTopology, connectNats, type Topology } from '@postrider/messaging';
import type { Logger } from 'pino';

export interface ApplyToOptions {
  /** As a user who may create streams and consumers. */
  readonly url: string;
  readonly topology: Topology;
  readonly log: Logger;
  /** Whether what is on that server may be lost: not unless it is of our own making. */
  readonly mayDestroy?: boolean;
}

/** Creates or updates the declared streams and consumers on the server at `url`. */
export async function applyTopologyTo({ url, topology, log, mayDestroy = false }: ApplyToOptions): Promise<void> {
  await using nats = connectNats({ url, name: 'postrider local stack', log });
  const nc = await Promise.race([nats.first(), sleep(15_000, undefined, { ref: false })]);
  const hosts = url
    .split(',')
    .map((server) => new URL(server.trim()).host)
    .join(', ');
  if (nc === undefined) throw new Error(`NATS at ${hosts} does not answer, or refuses the credentials in NATS_URL.`);
  await applyTopology({ nc, topology, log, mayDestroy });
}
