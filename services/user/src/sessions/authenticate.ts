import type { EntityManager } from '@mikro-orm/postgresql';
import type { FastifyRequest } from 'fastify';
import { readCookie, refuseCrossSite } from './cookies.ts';
import { isSessionLive } from './session-state.ts';
import { type AccessTokens, type Identity, invalidToken } from './tokens/access-token.ts';

/**
 * Whose request it is, by its access token (`Authorization: Bearer`, or the cookie) and by the state of its session: one that ended a
 * moment ago is refused, whatever its token says.
 *
 * @throws {DomainError} `invalid_token` (401); `cross_site` (403) where a cookie came with another site's request
 */
export type Authenticate = (request: FastifyRequest) => Promise<Identity>;

export interface AuthenticateContext {
  readonly em: EntityManager;
  readonly accessTokens: Pick<AccessTokens, 'verifyAccessToken'>;
  readonly now: () => Date;
  /** Origin of our own pages, as browsers name it. */
  readonly origin: string;
}

export function createAuthenticate({ em, accessTokens, now, origin }: AuthenticateContext): Authenticate {
  return async (request) => {
    const identity = await accessTokens.verifyAccessToken(accessTokenOf(request, origin), now());
    if (!(await isSessionLive(em.fork(), identity))) throw invalidToken();
    return identity;
  };
}

/** Whoever sends the header means it: a bad one is not made good by a cookie. */
export function accessTokenOf(request: Pick<FastifyRequest, 'headers' | 'method'>, origin: string): string {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [scheme = '', token, ...rest] = authorization.split(' ');
    if (scheme.toLowerCase() !== 'bearer' || token === undefined || rest.length > 0) throw invalidToken();
    return token;
  }
  const cookie = readCookie(request, 'access');
  if (cookie === undefined) throw invalidToken();
  refuseCrossSite(request, origin);
  return cookie;
}
