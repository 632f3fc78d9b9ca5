import { createBell, watchBacklog } from '@postrider/outbox';
import {
  createLogger,
  type HealthPart,
  readiness,
  type HttpServerOptions,
  type Logger,
  startHttpServer,
} from '@postrider/runtime';
import type { Database } from '@postrider/runtime/database';
import { startHousekeeping } from '@postrider/runtime/housekeeping';
import { startTelemetry } from '@postrider/runtime/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { AccountsContext } from './accounts/accounts-context.ts';
import { createPasswordHasher } from './accounts/password-hasher.ts';
import { createPasswordPolicy, productWords } from './accounts/password-policy.ts';
import { accountRoutes } from './accounts/routes.ts';
import { warmUp } from './accounts/warm-up.ts';
import { createChallengeMaker } from './challenges/prepare-challenge.ts';
import type { Config } from './config.ts';
import { openUserDatabase } from './database.ts';
import { docsPage } from './docs/docs-page.ts';
import { eventCatalogue } from './docs/event-catalogue.ts';
import { collectOpenApi } from './docs/openapi.ts';
import { gatewayRoutes } from './gateway/routes.ts';
import { guardRoutes } from './guard-routes.ts';
import { removals } from './housekeeping.ts';
import { confirmPage } from './pages/confirm-page.ts';
import { resetPage } from './pages/reset-page.ts';
import { profileRoutes } from './profile/routes.ts';
import { passwordRoutes } from './passwords/routes.ts';
import { type PublishingOptions, startPublishing } from './publishing.ts';
import { sessionRoutes } from './sessions/routes.ts';
import type { SessionsContext } from './sessions/sessions-context.ts';
import { jwksRoutes } from './sessions/signing-keys/routes.ts';
import { type Sessions, startSessions } from './sessions/start-sessions.ts';
import { overloaded, translateError, unavailable } from './unavailable.ts';

/** A running user service. */
export interface UserService extends AsyncDisposable {
  readonly urls: { readonly public: string; readonly gateway: string; readonly admin: string };
}

/**
 * Starts the user service: reads top to bottom, stops bottom to top. It starts and serves without NATS (events wait in the outbox) and
 * without PostgreSQL (503 until it is there).
 */
export async function start(config: Config): Promise<UserService> {
  await using stack = new AsyncDisposableStack();
  const log = createLogger({ name: 'user', level: config.logLevel });
  const health: HealthPart[] = [];
  const telemetry = stack.use(
    await startTelemetry({ name: 'user', ...config.telemetry, health, log: log.child({ part: 'telemetry' }) }),
  );

  const database = stack.use(await openUserDatabase(config.databaseUrl, log.child({ part: 'database' })));
  health.push({ name: 'database', required: true, check: database.health });
  const keepingLog = log.child({ part: 'housekeeping' });
  const { databaseUrl } = config;
  const ready = database.untilMigrated;
  stack.use(startHousekeeping({ databaseUrl, removals: removals(config), log: keepingLog, ready }));

  const events = config.eventsEnabled
    ? startPublishing({ stack, config, announced: announcement(health), ready, log })
    : undefined;
  if (events === undefined) log.warn('events are disabled: they wait in the outbox until EVENTS_ENABLED is true');
  health.push(...(events?.health ?? []));

  const { em } = database;
  const now = (): Date => new Date();
  const sessions = stack.use(startSessions({ config, em, now, log: log.child({ part: 'sessions' }), ready }));
  health.push({ name: 'signing keys', required: true, check: sessions.signingKeys.health });
  const accounts = {
    em,
    bell: events?.bell ?? createBell(),
    now,
    passwords: createPasswordHasher(),
    prepareChallenge: await createChallengeMaker(config),
    codeKey: config.codeKey,
    passwordPolicy: createPasswordPolicy({
      minLength: config.passwordMinLength,
      productWords: productWords(config.publicUrl),
    }),
    mailCap: config.mailCap,
  };
  warmUpInBackground(stack, database, accounts, log);
  const isOverloaded = watchOverload(stack, config, log, ready);
  const { accessTokens, refreshTokens, settings } = sessions;
  const context = (request: FastifyRequest): Context => {
    if (!database.isMigrated()) throw unavailable();
    if (request.method !== 'GET' && isOverloaded()) throw overloaded();
    const headers = { traceparent: request.trace.traceparent, correlationId: request.id };
    return { ...accounts, accessTokens, refreshTokens, sessions: settings, headers };
  };

  const listen = async (name: keyof Config['ports'], more: Partial<HttpServerOptions> = {}): Promise<string> => {
    const { host, client } = config;
    const options = { name, host, port: config.ports[name], client, log, health, translateError, ...more };
    return stack.use(await startHttpServer(options)).url;
  };
  const parts = { config, database, sessions, context, now };
  const urls = {
    admin: await listen('admin', { metrics: telemetry.metrics }),
    gateway: await listen('gateway', { askedBy: 'gateways', routes: (server) => gatewayRoutes(server, parts) }),
    public: await listen('public', { routes: (server) => publicRoutes(server, parts) }),
  };

  log.info({ urls, eventsEnabled: config.eventsEnabled }, 'user service started');
  const running = stack.move();
  return { urls, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function announcement(health: readonly HealthPart[]): PublishingOptions['announced'] {
  return {
    name: 'user',
    description: 'Accounts: registers and verifies them, and publishes what happened',
    root: 'svc.user',
    health: () => readiness(health),
  };
}

function warmUpInBackground(
  stack: AsyncDisposableStack,
  database: Database,
  accounts: Omit<AccountsContext, 'headers'>,
  log: Logger,
): void {
  const stopping = new AbortController();
  const warming = database.untilMigrated(stopping.signal).then(() => warmUp(accounts));
  warming.catch((error: unknown) => log.debug({ err: error }, 'not warmed up'));
  stack.defer(async () => {
    stopping.abort();
    await warming.catch(() => undefined); // It holds a connection, and the database closes after this.
  });
}

/** Whether more waits to be published than may. */
function watchOverload(
  stack: AsyncDisposableStack,
  { databaseUrl, outboxHighWater: highWater }: Config,
  log: Logger,
  ready: Database['untilMigrated'],
): () => boolean {
  if (highWater === 0) return () => false;
  return stack.use(watchBacklog({ databaseUrl, highWater, log: log.child({ part: 'outbox' }), ready })).isOn;
}

/** What the use cases of all features need. */
type Context = AccountsContext & SessionsContext;

export interface PublicParts {
  readonly config: Config;
  readonly database: Database;
  readonly sessions: Sessions;
  readonly context: (request: FastifyRequest) => Context;
}

/** What clients may ask. */
export async function publicRoutes(server: FastifyInstance, parts: PublicParts): Promise<void> {
  const { config, database, sessions, context } = parts;
  await collectOpenApi(server, config.publicUrl);
  await server.register(async (api) => {
    guardRoutes(api, config, database);
    api.setValidatorCompiler(validatorCompiler);
    api.setSerializerCompiler(serializerCompiler);
    await accountRoutes(api, context);
    const { authenticate } = sessions;
    await sessionRoutes(api, { context, authenticate, origin: new URL(config.publicUrl).origin });
    await api.register((own) => profileRoutes(own, { context, authenticate })); // It takes another type of body.
    await passwordRoutes(api, { context, authenticate });
    await jwksRoutes(api, sessions.signingKeys);
  });
  confirmPage(server);
  resetPage(server, config);
  docsPage(server);
  eventCatalogue(server);
}
