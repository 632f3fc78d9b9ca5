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
const [sampleFlowId, sampleChallengeId] = [
  '0d8f4a58-2c6b-4f0e-9a57-3f1f5a3c9d21',
  '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
];
const sampleToken = 'AZLxoHo7fE2OX2BxgpOktQ'.padEnd(64, 'x');
const flowId = z.uuid().describe('From the registration’s answer.');
const registered = z
  .object({ status: z.literal('pending'), flowId: z.uuid() })
  .describe('Taken; a mail tells how it goes on.')
  .meta({ examples: [{ status: 'pending', flowId: sampleFlowId }] });
const verified = z
  .object({ status: z.literal('verified') })
  .describe('The address is verified.')
  .meta({ examples: [{ status: 'verified' }] });
const pending = z
  .object({ status: z.literal('pending') })
  .describe('Taken; a mail comes if one is due.')
  .meta({ examples: [{ status: 'pending' }] });

/** Registration and verification of an address. `context` makes what a use case needs, for the request at hand. */
export async function accountRoutes(
  server: FastifyInstance,
  context: (request: FastifyRequest) => AccountsContext,
): Promise<void> {
  const routes = server.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/registrations',
    {
      config: {
        rateLimits: [perNetwork(1_000, hour), overall(6_000, minute)],
        idempotent: true,
        hashesPassword: true,
        even: [202],
      },
      schema: {
        tags,
        summary: 'Register an address',
        description: 'Answers the same whatever the state of the address; what happens next is told by mail.',
        body: z
          .strictObject({
            email: emailAddress,
            password: z.string().min(1).max(4096),
            displayName: displayName.optional(),
            locale: locale.default('en'),
          })
          .meta({ examples: [{ email: 'ada@example.com', password: 'correct horse battery staple', locale: 'en' }] }),
        response: {
          202: registered,
          422: problemSchema.describe('`password_policy`: too short, or too common.'),
          503: problemSchema.describe('`unavailable`, `busy`, `overloaded`: nothing was changed.'),
        },
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
      config: { rateLimits: [perNetwork(300, hour)], even: [202] },
      schema: {
        tags,
        summary: 'Send the verification mail again',
        description:
          'Always 202. Within the cooldown no further mail is sent and the former one stays valid; after it, it is superseded.',
        body: z
          .union([z.strictObject({ email: emailAddress }), z.strictObject({ flowId })])
          .meta({ examples: [{ email: 'ada@example.com' }, { flowId: sampleFlowId }] }),
        response: { 202: pending },
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
        params: z.object({ challengeId: z.uuid().meta({ examples: [sampleChallengeId] }) }),
        response: {
          200: z
            .object({ state: z.enum(['open', 'closed']), expiresAt: z.iso.datetime() })
            .describe('Whether the link still works.')
            .meta({ examples: [{ state: 'open', expiresAt: '2026-11-25T09:00:00.000Z' }] }),
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
      config: { rateLimits: [perNetwork(1_000, hour)], even: [400] },
      schema: {
        tags,
        summary: 'Confirm an address',
        description: 'By the token of the link, or by the flow and the code of the mail. Works once, opens no session.',
        body: z
          .union([
            z.strictObject({ token: z.string().regex(/^[\w-]{64}$/, 'Not a token.') }),
            z.strictObject({ flowId, code: z.string().regex(/^\d{8}$/, 'A code has eight digits.') }),
          ])
          .meta({ examples: [{ token: sampleToken }, { flowId: sampleFlowId, code: '12345678' }] }),
        response: {
          200: verified,
          400: problemSchema.describe('`invalid_request`; `invalid_or_expired`, for every cause.'),
        },
      },
    },
    async (request) => {
      await verifyEmail(context(request), request.body);
      return { status: 'verified' as const };
    },
  );
}
