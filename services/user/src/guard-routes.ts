import { limitRates, replayAnswers } from '@postrider/runtime';
import type { Database } from '@postrider/runtime/database';
import { createIdempotencyStore } from '@postrider/runtime/idempotency';
import { createRequestCounter } from '@postrider/runtime/rate-limits';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { hashingCapacity, tooManyWait } from './accounts/password-hasher.ts';
import type { Config } from './config.ts';
import { evenAnswers } from './even-answers.ts';
import { unavailable } from './unavailable.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** This route hashes a password. */
    hashesPassword?: boolean;
  }
}

/**
 * What stands before the routes that are added after it, as each declares in its `config`: `hashesPassword`, `rateLimits`, `even`, and
 * `idempotent` where an `Idempotency-Key` is taken. Without its database none of them can be judged.
 */
export function guardRoutes(api: FastifyInstance, config: Config, database: Database): void {
  const { codeKey: secret, rateLimitScale: scale } = config;
  requireDatabase(api, database);
  boundHashing(api, hashingCapacity);
  limitRates(api, { count: createRequestCounter(database.em), secret, scale });
  replayAnswers(api, { store: createIdempotencyStore(database.em), secret });
  evenAnswers(api); // Last: nobody else's work is to come after it.
}

/** Refuses what comes before the tables are there. Probes and documents have no database to wait for. */
export function requireDatabase(server: FastifyInstance, database: Database): void {
  server.addHook('preHandler', (request, _reply, done) => {
    const isMissing = !database.isMigrated() && request.routeOptions.url?.startsWith('/v1/') === true;
    done(isMissing ? unavailable() : undefined);
  });
}

/**
 * Lets no more requests in that hash passwords than may wait for it; the others are refused before they cost anything, 503 `busy`. Without
 * this a flood would queue for the database first.
 */
function boundHashing(api: FastifyInstance, most: number): void {
  const underWay = new Set<FastifyRequest>();
  const isTooMuch = ({ routeOptions }: FastifyRequest): boolean =>
    routeOptions.config.hashesPassword === true && underWay.size >= most;
  // Refused before its body is read; let in after that, or whoever is slow to send one would take up a place.
  api.addHook('onRequest', (request, _reply, done) => done(isTooMuch(request) ? tooManyWait() : undefined));
  api.addHook('preHandler', (request, _reply, done) => {
    if (isTooMuch(request)) return done(tooManyWait());
    if (request.routeOptions.config.hashesPassword === true) underWay.add(request);
    return done();
  });
  // Whatever became of it, and of its client, a request ends with an answer.
  api.addHook('onSend', (request, _reply, _payload, done) => {
    underWay.delete(request);
    done();
  });
}
