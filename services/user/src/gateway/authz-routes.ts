import { DomainError } from '@postrider/runtime/domain-error';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accessTokenOf } from '../sessions/authenticate.ts';
import { type AccessTokens, invalidToken } from '../sessions/tokens/access-token.ts';
import type { LookUpSession } from './session-lookup.ts';

export interface AuthzParts {
  readonly accessTokens: Pick<AccessTokens, 'verifyAccessToken'>;
  readonly lookUpSession: LookUpSession;
  readonly now: () => Date;
  /** Origin of our own pages, for cookies. */
  readonly origin: string;
}

/**
 * What a gateway asks before it lets a request through: 200 with headers that say whose it is, 401 (RFC 6750), or 403 where another
 * site's page asks with a person's cookies. For that the method of the request itself is wanted: where a gateway does not say it,
 * the request counts as one that changes something.
 *
 * - ANY `/v1/authz/forward-auth`: Traefik and Caddy; `X-Forwarded-Method`
 * - GET `/v1/authz/auth-request`: nginx; `X-Original-Method`
 * - ANY `/v1/authz/ext-authz/*`: Envoy, which asks with the method itself
 */
export async function authzRoutes(server: FastifyInstance, parts: AuthzParts): Promise<void> {
  ignoreBodies(server);
  const schema = { hide: true };
  const byHeader = (name: string) => async (request: FastifyRequest, reply: FastifyReply) =>
    allow(reply, request, String(request.headers[name] ?? 'POST').toUpperCase(), parts);
  server.all('/v1/authz/forward-auth', { schema }, byHeader('x-forwarded-method'));
  server.get('/v1/authz/auth-request', { schema }, byHeader('x-original-method'));
  server.all('/v1/authz/ext-authz', { schema }, async (request, reply) => allow(reply, request, request.method, parts));
  server.all('/v1/authz/ext-authz/*', { schema }, async (request, reply) =>
    allow(reply, request, request.method, parts),
  );
}

async function allow(
  reply: FastifyReply,
  { headers }: FastifyRequest,
  method: string,
  { accessTokens, lookUpSession, now, origin }: AuthzParts,
): Promise<FastifyReply> {
  try {
    const identity = await accessTokens.verifyAccessToken(accessTokenOf({ headers, method }, origin), now());
    const session = await lookUpSession(identity);
    if (session === undefined) throw invalidToken();
    return reply
      .headers({
        'remote-user': session.userId,
        'remote-roles': 'user', // Everybody's. Never empty: some gateways then leave what the client sent.
        'remote-session': session.sessionId,
        'remote-email-verified': String(session.isEmailVerified),
      })
      .send();
  } catch (error) {
    if (error instanceof DomainError && error.refusal === 'unauthenticated')
      reply.header('www-authenticate', challengeFor(headers));
    throw error;
  }
}

/** RFC 6750, section 3: what was wrong is said only to whom sent something. */
function challengeFor({ authorization, cookie }: FastifyRequest['headers']): string {
  return authorization === undefined && cookie === undefined
    ? 'Bearer realm="postrider"'
    : 'Bearer realm="postrider", error="invalid_token"';
}

/** Some gateways send the request's body along; it is none of our business, whatever its type and size. */
function ignoreBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
}
