import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { DomainError } from '../domain-error.ts';
import { type HealthPart, readiness } from '../health.ts';
import type { Logger } from '../logger.ts';
import { collectMethods } from './allowed-methods.ts';
import { type ClientAddressOptions, createClientAddress, networkOf } from './client-address.ts';
import { answerClientError, answerExpectation } from './client-error.ts';
import { observeRequests } from './observe-requests.ts';
import { parseJson } from './parse-json.ts';
import { answerNotFound, answerProblem, answerUnroutable, type TranslateError } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The client's IP address, as far as trusted proxies vouch for it. */
    clientAddress: string;
    /** What rate limits count: the IPv4 address, or the /64 of an IPv6 one. */
    clientNetwork: string;
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
  /** Who may speak for others about where a request comes from; nobody unless said. */
  readonly client?: ClientAddressOptions;
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
    frameworkErrors: answerUnroutable,
    clientErrorHandler: (error, socket) => answerClientError(log, error, socket),
    http: { requireHostHeader: false }, // Node's own refusal is no problem+json; ours is below.
  });
  server.server.on('checkExpectation', answerExpectation);
  const allowedMethods = collectMethods(server);
  server.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, translateError));
  server.setNotFoundHandler((request, reply) => answerNotFound(request, reply, allowedMethods));
  acceptJsonOnly(server);
  await server.register(helmet, helmetOptions);
  observeRequests(server, name);
  tellClients(server, createClientAddress(options.client ?? { trustedProxies: [], header: 'x-forwarded-for' }));
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

/** A route that takes another type adds a parser of its own, in a plugin of its own. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
}

function tellClients(server: FastifyInstance, clientAddress: (request: IncomingMessage) => string): void {
  server.decorateRequest('clientAddress', '');
  server.decorateRequest('clientNetwork', '');
  server.addHook('onRequest', async (request) => {
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined)
      throw new DomainError('invalid', 'invalid_request', 'A request names its Host.');
    request.clientAddress = clientAddress(request.raw);
    request.clientNetwork = networkOf(request.clientAddress);
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

function addMetrics(server: FastifyInstance, read: () => Promise<string>): void {
  server.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await read()),
  );
}
