import { emailAddress } from '@postrider/contracts';
import { overall, perNetwork, problemSchema } from '@postrider/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AccountsContext } from '../accounts/accounts-context.ts';
import type { Authenticate } from '../sessions/authenticate.ts';
import { security } from '../sessions/routes.ts';
import { changePassword } from './change-password.ts';
import { reauthenticate } from './reauthenticate.ts';
import { requestPasswordReset } from './request-password-reset.ts';
import { resetPassword } from './reset-password.ts';

const tags = ['Passwords'];
const [minute, hour] = [60, 3_600];
const nothing = z.null().describe('Done.');
const passwordText = z.string().min(1).max(4096);
const sampleFlow = 'a119ee4d-0f5c-4c1e-9a57-3f0d8f1c2b3a';
const newPassword = 'a raven on a weathered gate';

const requested = z
  .object({ status: z.literal('pending'), flowId: z.uuid() })
  .describe('Taken; a mail comes where there is an account.')
  .meta({ examples: [{ status: 'pending', flowId: sampleFlow }] });

const resetBody = z
  .union([
    z.strictObject({
      token: z.string().regex(/^[\w-]{64}$/, 'Not a token.'),
      newPassword: passwordText,
    }),
    z.strictObject({
      flowId: z.uuid().describe('From the answer to the request.'),
      code: z.string().regex(/^\d{8}$/, 'A code has eight digits.'),
      newPassword: passwordText,
    }),
  ])
  .meta({
    examples: [
      { token: 'AZLxoHoAeqqLuxI0VniavLDq3mNfZ0Wd3xJ8Qk5uY7cT2bR9aL4hE6gP-iKzXwVo', newPassword },
      { flowId: sampleFlow, code: '04819273', newPassword },
    ],
  });

export interface PasswordRouteParts {
  readonly context: (request: FastifyRequest) => AccountsContext;
  readonly authenticate: Authenticate;
}

/** Setting a password, without the old one or with it, and proving it again. */
export async function passwordRoutes(server: FastifyInstance, parts: PasswordRouteParts): Promise<void> {
  const { context, authenticate } = parts;
  const routes = server.withTypeProvider<ZodTypeProvider>();

  routes.post(
    '/v1/password-resets',
    {
      config: { rateLimits: [perNetwork(300, hour), overall(6_000, minute)], even: [202] },
      schema: {
        tags,
        summary: 'Ask for a new password',
        description:
          'Always 202, with the same body and after the same work, whatever the state of the address. Where it has an account, a mail brings a link and a code. Within the cooldown no further mail is sent and the former one stays valid.',
        body: z.strictObject({ email: emailAddress }).meta({ examples: [{ email: 'ada@example.com' }] }),
        response: { 202: requested, 400: problemSchema, 415: problemSchema, 503: problemSchema },
      },
    },
    async (request, reply) => {
      const { flowId } = await requestPasswordReset(context(request), request.body);
      return reply.status(202).send({ status: 'pending' as const, flowId });
    },
  );

  routes.post(
    '/v1/password-resets/confirm',
    {
      config: { hashesPassword: true, rateLimits: [perNetwork(300, hour)], even: [400] },
      schema: {
        tags,
        summary: 'Set a new password without the old one',
        description:
          'By the token of the link, or by the flow and the code of the mail. Works once; ends all sessions and opens none. A password that is refused uses nothing up.',
        body: resetBody,
        response: {
          204: nothing,
          400: problemSchema.describe('`invalid_or_expired`, whatever the cause.'),
          422: problemSchema.describe('`password_policy`.'),
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      await resetPassword(context(request), request.body);
      return reply.status(204).send(null);
    },
  );

  routes.put(
    '/v1/me/password',
    {
      config: { hashesPassword: true, rateLimits: [perNetwork(1_000, hour)] },
      schema: {
        tags,
        security,
        summary: 'Change your password',
        description: 'Links and codes to reset it are void from then on.',
        body: z
          .strictObject({
            currentPassword: passwordText,
            newPassword: passwordText,
            revokeOthers: z.boolean().default(true).describe('Ends all your sessions but this one.'),
          })
          .meta({ examples: [{ currentPassword: 'correct horse battery staple', newPassword }] }),
        response: {
          204: nothing,
          400: problemSchema,
          401: problemSchema.describe('`invalid_credentials`: the current password is wrong.'),
          422: problemSchema.describe('`password_policy`.'),
          429: problemSchema.describe('`too_many_tries`, `too_many_requests`.'),
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const identity = await authenticate(request);
      await changePassword(context(request), identity, request.body);
      return reply.status(204).send(null);
    },
  );

  routes.post(
    '/v1/me/reauthentications',
    {
      config: { hashesPassword: true, rateLimits: [perNetwork(1_000, hour)] },
      schema: {
        tags,
        security,
        summary: 'Prove your password again',
        description: 'For five minutes this session may do what could cost somebody their account.',
        body: z
          .strictObject({ password: passwordText })
          .meta({ examples: [{ password: 'correct horse battery staple' }] }),
        response: {
          201: z
            .object({ until: z.iso.datetime() })
            .describe('Proven.')
            .meta({ examples: [{ until: '2026-11-24T09:05:00.000Z' }] }),
          400: problemSchema,
          401: problemSchema,
          429: problemSchema.describe('`too_many_tries`, `too_many_requests`.'),
          503: problemSchema,
        },
      },
    },
    async (request, reply) => {
      const identity = await authenticate(request);
      const until = await reauthenticate(context(request), identity, request.body.password);
      return reply.status(201).send({ until: until.toISOString() });
    },
  );
}
