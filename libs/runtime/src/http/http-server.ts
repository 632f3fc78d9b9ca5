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
    readonly clientNetwork: string;
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
  /**
   * Gateways ask before each request that they let through, and hand on what we refuse: so what went well is logged at debug only, and
   * only refusals carry the headers that are meant for browsers. Clients unless said.
   */
  readonly askedBy?: 'clients' | 'gateways';
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
  const { name, host, port, askedBy = 'clients', translateError = () => undefined } = options;
  const log: FastifyBaseLogger = options.log.child({ listener: name });
  const server = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }), // One line a request, of our own: onResponse.
    genReqId: () => randomUUID(),
    childLoggerFactory: (logger) => logger, // Lines with a request's ids are written through logOf.
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
  if (askedBy === 'clients') await server.register(helmet, helmetOptions);
  else protectRefusals(server);
  observeRequests(server, {
    listener: name,
    log: options.log,
    levelOf: (status) => (askedBy === 'gateways' && status < 400 ? 'debug' : 'info'),
  });
  tellClients(server, createClientAddress(options.client ?? { trustedProxies: [], header: 'x-forwarded-for' }));
  closeKeepAliveConnections(server);
  addHealth(server, options.health);
  if (options.metrics !== undefined) addMetrics(server, options.metrics);
  await options.routes?.(server);
  const url = await server.listen({ host, port, backlog: 4_096 });
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

/** What of helmet's headers a refusal needs that a gateway shows to a browser: an answer of ours is a problem, never a page. */
function protectRefusals(server: FastifyInstance): void {
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (reply.statusCode >= 400)
      reply.headers({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
    done();
  });
}

/** A route that takes another type adds a parser of its own, in a plugin of its own. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
}

function tellClients(server: FastifyInstance, clientAddress: (request: IncomingMessage) => string): void {
  server.decorateRequest('clientAddress', '');
  server.decorateRequest('clientNetwork', {
    getter() {
      return networkOf(this.clientAddress);
    },
  });
  server.addHook('onRequest', (request, _reply, done) => {
    request.clientAddress = clientAddress(request.raw); // Now: a connection that has ended has none.
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined)
      done(new DomainError('invalid', 'invalid_request', 'A request names its Host.'));
    else done();
  });
}

/** A keep-alive connection with a request in flight would hold `close()` until its client goes away: each is told to close instead. */
function closeKeepAliveConnections(server: FastifyInstance): void {
  let closing = false;
  server.addHook('preClose', async () => {
    closing = true;
  });
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
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
