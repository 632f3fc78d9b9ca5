import { limitRates, replayAnswers } from '@postrider/runtime';
import type { Database } from '@postrider/runtime/database';
import { createIdempotencyStore } from '@postrider/runtime/idempotency';
import { createRequestCounter } from '@postrider/runtime/rate-limits';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';
import { unavailable } from './unavailable.ts';

/**
 * What stands before the routes that are added after it, as each declares in its `config`: `rateLimits`, and `idempotent` where an
 * `Idempotency-Key` is taken. Without its database none of them can be judged.
 */
export function guardRoutes(api: FastifyInstance, config: Config, database: Database): void {
  const { codeKey: secret, rateLimitScale: scale } = config;
  requireDatabase(api, database);
  limitRates(api, { count: createRequestCounter(database.em), secret, scale });
  replayAnswers(api, { store: createIdempotencyStore(database.em), secret });
}

/** Refuses what comes before the tables are there. Probes and documents have no database to wait for. */
export function requireDatabase(server: FastifyInstance, database: Database): void {
  server.addHook('preHandler', (request, _reply, done) => {
    const isMissing = !database.isMigrated() && request.routeOptions.url?.startsWith('/v1/') === true;
    done(isMissing ? unavailable() : undefined);
  });
}
