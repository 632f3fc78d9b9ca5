import { createLogger, type HealthPart, readiness, startHttpServer } from '@postrider/runtime';
import { startTelemetry } from '@postrider/runtime/telemetry';
import type { RelayConfig } from '../config.ts';
import { openUserDatabase } from '../database.ts';
import { startPublishing } from '../publishing.ts';

/** A running relay without the service around it. */
export interface RelayAlone extends AsyncDisposable {
  /** `/livez`, `/readyz`, `/metrics`. */
  readonly url: string;
}

/**
 * Publishes what the user service's outbox holds, and does nothing else: for a deployment whose replicas serve HTTP with
 * `RELAY_ENABLED=false`. Start two; one stands by.
 */
export async function startRelayAlone(config: RelayConfig): Promise<RelayAlone> {
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ name: 'user-relay', level: config.logLevel });
  const health: HealthPart[] = [];
  const telemetry = stack.use(
    await startTelemetry({ name: 'user-relay', ...config.telemetry, health, log: log.child({ part: 'telemetry' }) }),
  );
  const database = stack.use(await openUserDatabase(config.databaseUrl, log.child({ part: 'database' })));
  const publishing = startPublishing({
    stack,
    config: { ...config, relayEnabled: true },
    announced: {
      name: 'user-relay',
      description: 'Publishes the events of the user service from its outbox',
      root: 'svc.user.relay',
      health: () => readiness(health),
    },
    ready: database.untilMigrated,
    log,
  });
  health.push({ name: 'database', required: true, check: database.health }, ...publishing.health);
  const { host, port } = config;
  const http = stack.use(await startHttpServer({ name: 'admin', host, port, log, health, metrics: telemetry.metrics }));
  log.info({ url: http.url }, 'relay started');
  const running = stack.move();
  return { url: http.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
