import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { type HealthPart, readiness } from '../health.ts';
import type { Logger } from '../logger.ts';
import { continueTrace, type Trace } from '../trace.ts';
import { answerNotFound, answerProblem, type TranslateError } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs: the caller's trace goes on, or a new one starts. */
    trace: Trace;
  }
}

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
  traceRequests(server);
  closeKeepAliveConnections(server);
  addHealth(server, options.health);
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

function traceRequests(server: FastifyInstance): void {
  server.addHook('onRequest', async (request, reply) => {
    const header = request.headers['traceparent'];
    request.trace = continueTrace(typeof header === 'string' ? header : undefined);
    request.log = request.log.child({ traceId: request.trace.traceId });
    reply.header('cache-control', 'no-store').header('x-request-id', request.id);
  });
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    if (route === '/livez' || route === '/readyz') return;
    const { statusCode: status, elapsedTime } = reply;
    request.log.info(
      { method: request.method, route, status, durationMs: Math.round(elapsedTime * 10) / 10 },
      'request answered',
    );
  });
}

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
