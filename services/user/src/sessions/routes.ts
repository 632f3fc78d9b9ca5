import { overall, perAddress, perNetwork, problemSchema } from '@postrider/runtime';
import { DomainError } from '@postrider/runtime/domain-error';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Authenticate } from './authenticate.ts';
import { clearCookies, readCookie, refuseCrossSite, setCookies } from './cookies.ts';
import { describeDevice } from './device.ts';
import { endOtherSessions, endSession, ownerOfRefreshToken } from './end-session.ts';
import type { Granted } from './grant.ts';
import { listSessions } from './list-sessions.ts';
import { refreshSession } from './refresh-session.ts';
import { grantedBody, refreshBody, sessionsBody, signInBody, toGranted, toSession } from './session-schemas.ts';
import type { SessionsContext } from './sessions-context.ts';
import { signIn } from './sign-in.ts';
import type { Identity } from './tokens/access-token.ts';

const tags = ['Sessions'];
const [minute, hour] = [60, 3_600];
/** Of whoever has a session: many people may share a network. */
const often = { rateLimits: [perNetwork(60_000, hour)] };
/** With the access token, as a header or a cookie. */
export const security = [{ bearer: [] }, { cookie: [] }];
const nothing = z.null().describe('Done.');

export interface SessionRouteParts {
  readonly context: (request: FastifyRequest) => SessionsContext;
  readonly authenticate: Authenticate;
  /** Origin of our own pages, for cookies. */
  readonly origin: string;
}

/** Signing in, staying so, signing out, and looking after one's sessions. */
export async function sessionRoutes(server: FastifyInstance, parts: SessionRouteParts): Promise<void> {
  const { context, authenticate, origin } = parts;
  const routes = server.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/sessions',
    {
      config: {
        rateLimits: [perNetwork(1_000, hour), perAddress(30, 10 * minute), overall(6_000, minute)],
        idempotent: true,
        hashesPassword: true,
        even: [401],
      },
      schema: {
        tags,
        summary: 'Sign in',
        description:
          'Opens a session: an access token for five minutes, and a refresh token that is exchanged for the next ones. Every refusal of address or password is the same.',
        body: signInBody,
        response: {
          201: grantedBody,
          400: problemSchema,
          401: problemSchema,
          403: problemSchema.describe('`email_unverified`, after the right password; `cross_site`.'),
          415: problemSchema,
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const { email, password, deviceLabel, mode } = request.body;
      if (mode === 'cookie') refuseCrossSite(request, origin);
      const device = describeDevice(deviceLabel, request.headers['user-agent']);
      const granted = await signIn(context(request), { email, password, device });
      if (mode === 'cookie') giveCookies(reply, granted);
      return reply.status(201).send(toGranted(granted, mode));
    },
  );

  routes.post(
    '/v1/sessions/refresh',
    {
      config: often,
      schema: {
        tags,
        summary: 'Exchange a refresh token',
        description:
          'For a fresh access token and the next refresh token. Asking again within ten seconds gives the same one; after that, a used token counts as stolen, and its session ends.',
        body: refreshBody,
        response: {
          200: grantedBody,
          400: problemSchema,
          401: problemSchema.describe('`refresh_invalid`, `refresh_reused`.'),
          403: problemSchema.describe('`cross_site`.'),
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const inBody = request.body?.refreshToken;
      if (inBody !== undefined) return toGranted(await refreshSession(context(request), inBody), 'bearer');
      const granted = await refreshByCookie(request, reply, parts);
      giveCookies(reply, granted);
      return toGranted(granted, 'cookie');
    },
  );

  routes.delete(
    '/v1/sessions/current',
    {
      config: often,
      schema: {
        tags,
        security,
        summary: 'Sign out',
        description: 'Ends the session; its access token is refused from then on. Cookies are taken back.',
        response: { 204: nothing, 401: problemSchema, 403: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      const { userId, sessionId } = await whoSignsOut(request, parts);
      await endSession(context(request), userId, sessionId, 'sign_out');
      clearCookies(reply);
      return reply.status(204).send(null);
    },
  );

  routes.get(
    '/v1/me/sessions',
    {
      config: often,
      schema: {
        tags,
        security,
        summary: 'Your sessions',
        querystring: z.strictObject({
          limit: z.coerce.number().int().min(1).max(100).default(50),
          cursor: z.uuid().optional().describe('`nextCursor` of the page before.'),
        }),
        response: { 200: sessionsBody, 400: problemSchema, 401: problemSchema, 503: problemSchema },
      },
    },
    async (request) => {
      const { userId, sessionId } = await authenticate(request);
      const { limit, cursor } = request.query;
      const found = await listSessions(context(request).em.fork(), userId, { limit: limit + 1, before: cursor });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        sessions: page.map((facts) => toSession(facts, sessionId)),
        ...(found.length > limit && last !== undefined && { nextCursor: last.id }),
      };
    },
  );

  routes.delete(
    '/v1/me/sessions/:id',
    {
      config: often,
      schema: {
        tags,
        security,
        summary: 'End one of your sessions',
        params: z.object({ id: z.uuid() }),
        response: {
          204: nothing,
          400: problemSchema,
          401: problemSchema,
          403: problemSchema,
          404: problemSchema,
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const { userId } = await authenticate(request);
      await endSession(context(request), userId, request.params.id, 'revoked');
      return reply.status(204).send(null);
    },
  );

  routes.post(
    '/v1/me/sessions/revoke-others',
    {
      config: often,
      schema: {
        tags,
        security,
        summary: 'End all your other sessions',
        response: { 204: nothing, 401: problemSchema, 403: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      await endOtherSessions(context(request), await authenticate(request));
      return reply.status(204).send(null);
    },
  );
}

function giveCookies(reply: FastifyReply, granted: Granted): void {
  const lifeMs = new Date(granted.session.expiresAt).getTime() - Date.now();
  setCookies(reply, granted, Math.max(0, lifeMs / 1_000));
}

/** A refresh token that is no good any more is taken back with the refusal. */
async function refreshByCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  { context, origin }: SessionRouteParts,
): Promise<Granted> {
  const token = readCookie(request, 'refresh');
  if (token === undefined)
    throw new DomainError(
      'unauthenticated',
      'refresh_invalid',
      'There is no refresh token, in the body or as a cookie.',
    );
  refuseCrossSite(request, origin);
  try {
    return await refreshSession(context(request), token);
  } catch (error) {
    if (error instanceof DomainError && error.refusal === 'unauthenticated') clearCookies(reply);
    throw error;
  }
}

/** A browser may come back with its refresh token alone, and still means to sign out. */
async function whoSignsOut(request: FastifyRequest, parts: SessionRouteParts): Promise<Identity> {
  try {
    return await parts.authenticate(request);
  } catch (error) {
    const cookie = request.headers.authorization === undefined ? readCookie(request, 'refresh') : undefined;
    if (cookie === undefined || !(error instanceof DomainError) || error.refusal !== 'unauthenticated') throw error;
    refuseCrossSite(request, parts.origin);
    const owner = await ownerOfRefreshToken(parts.context(request), cookie);
    if (owner === undefined) throw error;
    return owner;
  }
}
