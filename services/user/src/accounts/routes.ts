import { emailAddress, locale } from '@postrider/contracts';
import { overall, perNetwork, problemSchema } from '@postrider/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AccountsContext } from './accounts-context.ts';
import { displayName } from './display-name.ts';
import { registerUser } from './register-user.ts';
import { resendVerification } from './resend-verification.ts';
import { verificationState } from './verification-state.ts';
import { verifyEmail } from './verify-email.ts';

const tags = ['Registration'];
const [minute, hour] = [60, 3_600];
const flowId = z.uuid().describe('From the registration’s answer.');
const registered = z
  .object({ status: z.literal('pending'), flowId: z.uuid() })
  .describe('Taken; a mail tells how it goes on.');
const verified = z.object({ status: z.literal('verified') }).describe('The address is verified.');
const pending = z.object({ status: z.literal('pending') }).describe('Taken; a mail comes if one is due.');

/** Registration and verification of an address. `context` makes what a use case needs, for the request at hand. */
export async function accountRoutes(
  server: FastifyInstance,
  context: (request: FastifyRequest) => AccountsContext,
): Promise<void> {
  const routes = server.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/registrations',
    {
      config: { rateLimits: [perNetwork(1_000, hour), overall(6_000, minute)], idempotent: true },
      schema: {
        tags,
        summary: 'Register an address',
        description: 'Answers the same whatever the state of the address; what happens next is told by mail.',
        body: z.strictObject({
          email: emailAddress,
          password: z.string().min(1).max(4096),
          displayName: displayName.optional(),
          locale: locale.default('en'),
        }),
        response: { 202: registered, 400: problemSchema, 415: problemSchema, 422: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      const { flowId } = await registerUser(context(request), request.body);
      return reply.status(202).send({ status: 'pending', flowId });
    },
  );

  routes.post(
    '/v1/verifications',
    {
      config: { rateLimits: [perNetwork(300, hour)] },
      schema: {
        tags,
        summary: 'Send the verification mail again',
        description:
          'Always 202. Within the cooldown no further mail is sent and the former one stays valid; after it, it is superseded.',
        body: z.union([z.strictObject({ email: emailAddress }), z.strictObject({ flowId })]),
        response: { 202: pending, 400: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      await resendVerification(context(request), request.body);
      return reply.status(202).send({ status: 'pending' });
    },
  );

  routes.get(
    '/v1/verifications/:challengeId',
    {
      config: { rateLimits: [perNetwork(3_000, hour)] },
      schema: {
        tags,
        summary: 'See whether a verification is still open',
        description: 'Looking changes nothing. The id is the first 16 bytes of the link’s token.',
        params: z.object({ challengeId: z.uuid() }),
        response: {
          200: z
            .object({ state: z.enum(['open', 'closed']), expiresAt: z.iso.datetime() })
            .describe('Whether the link still works.'),
          400: problemSchema,
          404: problemSchema,
        },
      },
    },
    async (request) => verificationState(context(request).em.fork(), request.params.challengeId),
  );

  routes.post(
    '/v1/verifications/confirm',
    {
      config: { rateLimits: [perNetwork(1_000, hour)] },
      schema: {
        tags,
        summary: 'Confirm an address',
        description: 'By the token of the link, or by the flow and the code of the mail. Works once, opens no session.',
        body: z.union([
          z.strictObject({ token: z.string().regex(/^[\w-]{64}$/, 'Not a token.') }),
          z.strictObject({ flowId, code: z.string().regex(/^\d{8}$/, 'A code has eight digits.') }),
        ]),
        response: { 200: verified, 400: problemSchema, 503: problemSchema },
      },
    },
    async (request) => {
      await verifyEmail(context(request), request.body);
      return { status: 'verified' as const };
    },
  );
}
