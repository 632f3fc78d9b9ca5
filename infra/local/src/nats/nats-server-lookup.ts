import { homedir } from 'node:os';
import { join } from 'node:path';
import type { NatsServerLookup } from './find-nats-server.ts';

/** What the environment says about where a nats-server is or comes from. An empty variable counts as absent. */
export function natsServerLookup(env: NodeJS.ProcessEnv): NatsServerLookup {
  return {
    named: env['NATS_SERVER_BIN'] || undefined,
    path: env['PATH'] ?? '',
    cacheDir: env['POSTRIDER_CACHE_DIR'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'postrider'),
    releaseBaseUrl: env['NATS_RELEASE_BASE_URL'] || undefined,
  };
}
