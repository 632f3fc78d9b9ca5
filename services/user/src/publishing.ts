import {
  type AnnouncedService,
  announceService,
  connectNats,
  createPublisher,
  startDoorbell,
  watchStreams,
} from '@postrider/messaging';
import { type Bell, createBell, startRelay } from '@postrider/outbox';
import type { HealthPart, Logger } from '@postrider/runtime';
import { streamDeclaration } from '@postrider/topology';
import manifest from '../package.json' with { type: 'json' };
import type { PublishingConfig } from './config.ts';

export interface Publishing {
  /** Rung after a commit, it wakes the relay, wherever it runs. */
  readonly bell: Pick<Bell, 'ring'>;
  readonly health: readonly HealthPart[];
}

export interface PublishingOptions {
  /** Gets what is opened here. */
  readonly stack: AsyncDisposableStack;
  readonly config: PublishingConfig;
  /** What operators see of this process. */
  readonly announced: Pick<AnnouncedService, 'name' | 'description' | 'root' | 'health'>;
  /** Resolves when the tables are there. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

/** The way from the outbox to the streams: link, doorbell, relay, and a look at what the streams promise. */
export function startPublishing({ stack, config, announced, ready, log }: PublishingOptions): Publishing {
  const { databaseUrl } = config;
  const natsLog = log.child({ part: 'nats' });
  const nats = stack.use(connectNats({ ...config.nats, name: 'user', inboxPrefix: '_INBOX_user', log: natsLog }));
  stack.use(announceService({ ...announced, nats, version: manifest.version, log: natsLog }));
  const ownBell = createBell();
  const bell = stack.use(startDoorbell({ nats, subject: 'svc.user.outbox', bell: ownBell }));
  const streams = stack.use(
    watchStreams({
      nats,
      streams: ['USER_EVENTS', 'USER_CHALLENGES'].map(streamDeclaration),
      monitorUrl: config.nats.monitorUrl,
      log: log.child({ part: 'streams' }),
    }),
  );
  const health = [
    { name: 'nats', required: false, check: nats.health },
    { name: 'streams', required: false, check: streams.health },
  ];
  if (!config.relayEnabled) return { bell, health };
  const port = createPublisher({
    nats,
    source: '/postrider/user',
    sequenceFrom: { stream: 'USER_EVENTS', subject: 'user.v1.>' },
    log: log.child({ part: 'publisher' }),
  });
  const relay = stack.use(startRelay({ databaseUrl, port, bell: ownBell, log: log.child({ part: 'relay' }), ready }));
  return { bell, health: [...health, { name: 'relay', required: false, check: relay.health }] };
}
