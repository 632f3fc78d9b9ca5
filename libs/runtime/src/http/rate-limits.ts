import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHmac } from 'node:crypto';
import { DomainError } from '../domain-error.ts';
import type { CountRequests } from './count-requests.ts';

// The theory. A limit counts requests that fit their schema, by a key, in windows of fixed length: at worst twice the quota passes around
// the turn of a window, which is a price for being explained in a sentence. All limits of a request are counted by one statement in
// PostgreSQL, so replicas share them, a restart forgets none, and where the database is away requests fail as they would anyhow.
// (@fastify/rate-limit counts one key a query, and knows keys before the body is read only.)
//
// A key that is used up stays so until its window ends: each replica remembers it for so long and refuses without asking, so a
// flood costs the database nothing, and what is refused by one limit uses up no other.
//
// What a client can vary freely (headers, unknown flows, ports, addresses within a /64) is no key. A limit by address is one of the network
// too, or else strangers could lock an owner out by using up her address. Only the network's own figures are told in headers:
// the others would tell what somebody else did.

export interface RateLimit {
  readonly name: 'network' | 'address' | 'account' | 'overall';
  /** Requests a window. */
  readonly quota: number;
  readonly windowSeconds: number;
  /** Who is counted; undefined: this request is not. What it throws refuses the request. */
  readonly keyOf: (request: FastifyRequest) => string | undefined | Promise<string>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How often this route may be called; the first limit by network is told in `RateLimit-*`. */
    rateLimits?: readonly RateLimit[];
  }
}

/** So many requests from one IPv4 address or IPv6 /64. */
export function perNetwork(quota: number, windowSeconds: number): RateLimit {
  return { name: 'network', quota, windowSeconds, keyOf: (request) => request.clientNetwork };
}

/** So many requests from one network about one address, that of the body's `email` unless said otherwise. */
export function perAddress(
  quota: number,
  windowSeconds: number,
  addressOf: (request: FastifyRequest) => string | undefined = emailOfBody,
): RateLimit {
  const keyOf = (request: FastifyRequest): string | undefined => {
    const address = addressOf(request);
    return address === undefined ? undefined : `${request.clientNetwork}\0${address}`;
  };
  return { name: 'address', quota, windowSeconds, keyOf };
}

/** So many requests of one account, which `accountOf` must hold proof of: nobody else may use its quota up. */
export function perAccount(
  quota: number,
  windowSeconds: number,
  accountOf: (request: FastifyRequest) => Promise<string>,
): RateLimit {
  return { name: 'account', quota, windowSeconds, keyOf: accountOf };
}

/** So many requests of everybody together; what is above is told to come later, with 503. */
export function overall(quota: number, windowSeconds: number): RateLimit {
  return { name: 'overall', quota, windowSeconds, keyOf: () => '' };
}

export interface RateLimiting {
  readonly count: CountRequests;
  /** Keys are kept as hashes under it: addresses of people must not be readable in the table. */
  readonly secret: Uint8Array;
  /** Multiplies every quota; 0 switches the limits off. */
  readonly scale: number;
}

/**
 * Limits the routes that are added to this server from here on, each as its `config.rateLimits` says.
 *
 * Refuses with 429 `too_many_requests`, or 503 `busy` where everybody together is too much.
 */
export function limitRates(server: FastifyInstance, { count, secret, scale }: RateLimiting): void {
  if (scale === 0) return;
  const usedUp = rememberUsedUp();
  server.addHook('preHandler', async (request, reply) => {
    const limits = request.routeOptions.config.rateLimits ?? [];
    const keyed = [];
    for (const limit of limits) {
      const key = await limit.keyOf(request);
      if (key === undefined) continue;
      const name = [request.routeOptions.url, limit.name, limit.windowSeconds, key].join('\0');
      const hashed = createHmac('sha256', secret).update(`rate-limit\0${name}`).digest('base64url');
      keyed.push({ ...limit, quota: Math.max(1, Math.round(limit.quota * scale)), key: hashed });
    }
    if (keyed.length === 0) return;
    for (const limit of keyed)
      judge(limit, { used: limit.quota + 1, resetSeconds: usedUp.secondsLeft(limit.key) }, reply);
    const counts = await count(keyed);
    for (const limit of keyed) {
      const counted = counts.get(limit.key);
      if (counted === undefined) continue;
      if (counted.used >= limit.quota) usedUp.add(limit.key, counted.resetSeconds);
    }
    for (const limit of keyed) judge(limit, counts.get(limit.key) ?? { used: 0, resetSeconds: 0 }, reply);
  });
}

interface Counted {
  readonly used: number;
  readonly resetSeconds: number;
}

function judge({ name, quota, windowSeconds }: RateLimit, { used, resetSeconds }: Counted, reply: FastifyReply): void {
  if (resetSeconds <= 0) return;
  const retryAfterSeconds = Math.max(1, Math.ceil(resetSeconds));
  if (name === 'network' && !reply.hasHeader('ratelimit-limit')) {
    reply.header('ratelimit-policy', `${quota};w=${windowSeconds}`).header('ratelimit-limit', String(quota));
    reply.header('ratelimit-remaining', String(Math.max(0, quota - used)));
    reply.header('ratelimit-reset', String(retryAfterSeconds));
  }
  if (used <= quota) return;
  if (name === 'overall')
    throw new DomainError('unavailable', 'busy', 'Too much is asked of the service. Try again shortly.', {
      retryAfterSeconds,
    });
  throw new DomainError('too_many', 'too_many_requests', 'Too many requests of this kind. Try again later.', {
    retryAfterSeconds,
  });
}

/** Keys that have nothing left, each until its window ends; the oldest make room, and are only asked about again. */
function rememberUsedUp(limit = 10_000): {
  add: (key: string, seconds: number) => void;
  secondsLeft: (key: string) => number;
} {
  const ends = new Map<string, number>();
  return {
    add(key, seconds) {
      ends.delete(key);
      ends.set(key, performance.now() + seconds * 1_000);
      const [oldest] = ends.keys();
      if (ends.size > limit && oldest !== undefined) ends.delete(oldest);
    },
    secondsLeft(key) {
      const seconds = ((ends.get(key) ?? 0) - performance.now()) / 1_000;
      if (seconds <= 0) ends.delete(key);
      return seconds;
    },
  };
}

function emailOfBody({ body }: FastifyRequest): string | undefined {
  if (typeof body !== 'object' || body === null || !('email' in body)) return undefined;
  return typeof body.email === 'string' ? body.email : undefined;
}
