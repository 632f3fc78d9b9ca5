import { hostname } from 'node:os';
import { type Service, Svcm } from '@nats-io/services';
import type { Logger } from 'pino';
import type { Nats } from './connect.ts';

export interface AnnouncedService {
  readonly nats: Nats;
  /** Letters, digits, dashes. */
  readonly name: string;
  /** A semantic version. */
  readonly version: string;
  /** A sentence for people who list services. */
  readonly description: string;
  /** Where its endpoints are, `svc.user`: below nothing that a stream keeps. */
  readonly root: string;
  /** Asked at each request, and for statistics. Holds nothing that is not for everybody with the operator's rights. */
  readonly health: () => { readonly status: string };
  readonly log: Logger;
}

/**
 * Makes a replica known to whoever asks with `nats micro` (ADR-32, the NATS services framework): name, version, description, statistics,
 * and an endpoint `<root>.health`, which every replica answers by itself. Returns at once, and is known while the link is up.
 */
export function announceService({ nats, log, ...service }: AnnouncedService): AsyncDisposable {
  const announced = nats.first().then(
    async (nc) => register(new Svcm(nc), service),
    () => undefined, // The link was closed before it ever was up.
  );
  announced.catch((error: unknown) => log.error({ err: error }, 'service not announced'));
  announced.then(
    async (running) => {
      const error = await running?.stopped;
      if (error) log.error({ err: error }, 'service no longer announced');
    },
    () => undefined,
  );
  return {
    async [Symbol.asyncDispose]() {
      // Before the first connection there is nothing to wait for.
      if (nats.current() !== undefined) await (await announced.catch(() => undefined))?.stop();
    },
  };
}

async function register(
  services: Svcm,
  { name, version, description, root, health }: Omit<AnnouncedService, 'nats' | 'log'>,
): Promise<Service> {
  const service = await services.add({
    name,
    version,
    description,
    queue: '', // Each replica speaks for itself.
    metadata: { host: hostname(), pid: String(process.pid) },
    statsHandler: async () => ({ status: health().status }),
  });
  service.addGroup(root, '').addEndpoint('health', {
    metadata: { description: 'Whether this replica can work, and which of its parts can not: what /readyz says' },
    handler: (error, message) => {
      if (error === null) message.respond(JSON.stringify(health()));
    },
  });
  return service;
}
