import type { Database } from '@postrider/runtime/database';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import { requireDatabase } from '../guard-routes.ts';
import type { SessionsContext } from '../sessions/sessions-context.ts';
import type { Sessions } from '../sessions/start-sessions.ts';
import { authzRoutes } from './authz-routes.ts';
import { createSessionLookup } from './session-lookup.ts';
import { tokenRoutes } from './token-routes.ts';

export interface GatewayParts {
  readonly config: Pick<Config, 'publicUrl' | 'gatewayClients'>;
  readonly database: Database;
  readonly sessions: Pick<Sessions, 'accessTokens'>;
  readonly now: () => Date;
  readonly context: (request: FastifyRequest) => SessionsContext;
}

/** The listener for API gateways, and for the services behind them. */
export async function gatewayRoutes(server: FastifyInstance, parts: GatewayParts): Promise<void> {
  const { config, database, now, context } = parts;
  const { em } = database;
  const { accessTokens } = parts.sessions;
  const lookUpSession = createSessionLookup(em);
  const origin = new URL(config.publicUrl).origin;
  requireDatabase(server, database);
  await server.register((own) => authzRoutes(own, { accessTokens, lookUpSession, now, origin }));
  const tokens = { em, accessTokens, now, clients: config.gatewayClients, lookUpSession, context };
  await server.register((own) => tokenRoutes(own, tokens));
}
