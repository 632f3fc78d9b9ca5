import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { type HealthPart, readiness } from '../health.ts';
import type { Logger } from '../logger.ts';
import { observeRequests } from './observe-requests.ts';
import { answerNotFound, answerProblem, type TranslateError } from './problem.ts';

export interface HttpServer extends AsyncDisposable {
  /** Where it listens, with the real port. */
  readonly url: string;
}

export interface HttpServerOptions {
  /** Names the listener in logs: public, gateway, admin. */
  readonly name: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly log: Logger;
  readonly health: readonly HealthPart[];
  /** Served as `/metrics`: on a listener of operators only. */
  readonly metrics?: (() => Promise<string>) | undefined;
  readonly translateError?: TranslateError;
  /** Adds the routes. Schema compilers are set here, in the plugin that uses them. */
  readonly routes?: (server: FastifyInstance) => Promise<void> | void;
}

/**
 * Starts a listener: JSON in and out, RFC 9457 problems for everything that goes wrong, `/livez` and `/readyz`, a trace and a
 * request id on every line. Disposing it refuses new connections, lets the requests in flight finish, and returns.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { name, host, port, translateError = () => undefined } = options;
  const log: FastifyBaseLogger = options.log.child({ listener: name });
  const server = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }), // One line a request, of our own: onResponse.
    genReqId: () => randomUUID(),
    bodyLimit: 65_536,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 128 },
  });
  server.removeContentTypeParser('text/plain');
  server.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, translateError));
  server.setNotFoundHandler((request, reply) => answerNotFound(request, reply));
  await server.register(helmet, helmetOptions);
  observeRequests(server, name);
  closeKeepAliveConnections(server);
  addHealth(server, options.health);
  if (options.metrics !== undefined) addMetrics(server, options.metrics);
  await options.routes?.(server);
  const url = await server.listen({ host, port });
  return { url, [Symbol.asyncDispose]: () => server.close() };
}

/** For an API: nothing may be framed, scripted or cached. A page that needs more says so on its own route. */
const helmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginEmbedderPolicy: false,
  referrerPolicy: { policy: 'no-referrer' },
} as const;

/** A keep-alive connection with a request in flight would hold `close()` until its client goes away: each is told to close instead. */
function closeKeepAliveConnections(server: FastifyInstance): void {
  let closing = false;
  server.addHook('preClose', async () => {
    closing = true;
  });
  server.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}

function addHealth(server: FastifyInstance, parts: readonly HealthPart[]): void {
  server.get('/livez', { schema: { hide: true } }, async () => ({ status: 'alive' }));
  server.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
    const state = readiness(parts);
    return reply.status(state.status === 'unready' ? 503 : 200).send(state);
  });
}

function addMetrics(server: FastifyInstance, read: () => Promise<string>): void {
  server.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await read()),
  );
}
