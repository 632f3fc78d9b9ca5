import { locale } from '@postrider/contracts';
import { parseJson, perNetwork, problemSchema } from '@postrider/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { displayName } from '../accounts/display-name.ts';
import { User } from '../accounts/user.ts';
import type { Authenticate } from '../sessions/authenticate.ts';
import { security } from '../sessions/routes.ts';
import type { SessionsContext } from '../sessions/sessions-context.ts';
import { entityTag, type Profile, toProfile } from './profile.ts';
import { updateProfile } from './update-profile.ts';

const tags = ['Profile'];
const mergePatch = 'application/merge-patch+json';
const config = { rateLimits: [perNetwork(60_000, 3_600)] };

const profile = z
  .object({
    id: z.uuid(),
    email: z.string(),
    emailVerified: z.boolean(),
    displayName: z.string().optional(),
    locale: z.string().describe('BCP 47.'),
    createdAt: z.iso.datetime(),
  })
  .meta({
    id: 'Profile',
    description: 'What the account says about its person.',
    examples: [
      {
        id: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
        email: 'ada@example.com',
        emailVerified: true,
        displayName: 'Ada',
        locale: 'en',
        createdAt: '2026-11-24T09:00:00.000Z',
      },
    ],
  });

const changes = z
  .strictObject({ displayName: displayName.nullable().optional(), locale: locale.optional() })
  .describe('A merge patch (RFC 7396): what is absent stays, null removes.')
  .meta({ examples: [{ displayName: 'Ada Lovelace', locale: 'en-GB' }] });

export interface ProfileRouteParts {
  readonly context: (request: FastifyRequest) => SessionsContext;
  readonly authenticate: Authenticate;
}

/** One's own account. */
export async function profileRoutes(
  server: FastifyInstance,
  { context, authenticate }: ProfileRouteParts,
): Promise<void> {
  server.addContentTypeParser(mergePatch, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
  const routes = server.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/v1/me',
    {
      config,
      schema: {
        tags,
        security,
        summary: 'Your account',
        response: { 200: profile, 401: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      const { userId } = await authenticate(request);
      const user = await context(request).em.fork().findOneOrFail(User, { id: userId });
      return tagged(reply, toProfile(user));
    },
  );

  routes.patch(
    '/v1/me',
    {
      config,
      schema: {
        tags,
        security,
        summary: 'Change your account',
        description: `\`${mergePatch}\`, with the \`ETag\` that was seen as \`If-Match\`.`,
        consumes: [mergePatch, 'application/json'],
        headers: z.object({ 'if-match': z.string().max(1_000).optional() }),
        body: changes,
        response: {
          200: profile,
          400: problemSchema,
          401: problemSchema,
          403: problemSchema,
          412: problemSchema.describe('`precondition_failed`: it was changed since.'),
          415: problemSchema,
          428: problemSchema.describe('`precondition_required`: send `If-Match`.'),
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const { userId } = await authenticate(request);
      const ifMatch = request.headers['if-match'];
      return tagged(reply, await updateProfile(context(request), { userId, changes: request.body, ifMatch }));
    },
  );
}

function tagged(reply: FastifyReply, shown: Profile): Profile {
  reply.header('etag', entityTag(shown)).header('accept-patch', mergePatch);
  return shown;
}
