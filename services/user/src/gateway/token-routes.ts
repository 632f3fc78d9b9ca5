import { DomainError } from '@postrider/runtime/domain-error';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { endSession, ownerOfRefreshToken } from '../sessions/end-session.ts';
import type { SessionsContext } from '../sessions/sessions-context.ts';
import type { Identity } from '../sessions/tokens/access-token.ts';
import { authenticateClient, type GatewayClients } from './gateway-clients.ts';
import type { LookUpSession } from './session-lookup.ts';

export interface TokenParts extends FindParts {
  /** For what changes something. */
  readonly context: (request: FastifyRequest) => SessionsContext;
  readonly clients: GatewayClients;
  readonly lookUpSession: LookUpSession;
}

type FindParts = Pick<SessionsContext, 'em' | 'accessTokens' | 'now'>;

const schema = { hide: true };

/** Introspection (RFC 7662) and revocation (RFC 7009) of access and refresh tokens, for the clients of the configuration. */
export async function tokenRoutes(
  server: FastifyInstance,
  { context, clients, lookUpSession, ...parts }: TokenParts,
): Promise<void> {
  acceptFormsOnly(server);
  server.addHook('onError', async (_request, reply, error) => {
    if (error instanceof DomainError && error.code === 'invalid_client')
      reply.header('www-authenticate', 'Basic realm="postrider"');
  });

  server.post('/v1/token/introspect', { schema }, async (request) => {
    const token = tokenOf(request, clients);
    const found = await find(parts, token);
    const session = found === undefined ? undefined : await lookUpSession(found.identity);
    if (found === undefined || session === undefined) return { active: false };
    const { userId: sub, sessionId: sid } = session;
    if (found.kind === 'refresh') return { active: true, sub, sid, token_type: 'refresh_token' };
    const { iss, aud, exp, iat, jti, client_id: clientId } = decodeJwt(token);
    return { active: true, sub, sid, token_type: 'Bearer', client_id: clientId, iss, aud, exp, iat, jti };
  });

  server.post('/v1/token/revoke', { schema }, async (request, reply) => {
    const token = tokenOf(request, clients);
    const found = await find(parts, token);
    // A token that is no good is revoked already (RFC 7009, section 2.2).
    if (found !== undefined) await end(context(request), found.identity);
    return reply.status(200).send();
  });
}

/** An access token that is good by itself, or the refresh token that is current. */
async function find(
  { em, accessTokens, now }: FindParts,
  token: string,
): Promise<{ readonly kind: 'access' | 'refresh'; readonly identity: Identity } | undefined> {
  const owner = await ownerOfRefreshToken({ em }, token);
  if (owner !== undefined) return { kind: 'refresh', identity: owner };
  try {
    return { kind: 'access', identity: await accessTokens.verifyAccessToken(token, now()) };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid_token') return undefined;
    throw error;
  }
}

/** With its session all its tokens end, as both RFCs' readers expect. */
async function end(context: SessionsContext, { userId, sessionId }: Identity): Promise<void> {
  try {
    await endSession(context, userId, sessionId, 'revoked');
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'not_found')) throw error; // Ended by somebody else in the meantime.
  }
}

function tokenOf(request: FastifyRequest, clients: GatewayClients): string {
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  const names = [...form.keys()];
  if (new Set(names).size < names.length)
    throw new DomainError('invalid', 'invalid_request', 'A parameter is there twice.');
  authenticateClient(clients, request, form);
  const token = form.get('token');
  if (token === null || token === '')
    throw new DomainError('invalid', 'invalid_request', 'The parameter token is missing.');
  return token;
}

function acceptFormsOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => new URLSearchParams(body),
  );
}
