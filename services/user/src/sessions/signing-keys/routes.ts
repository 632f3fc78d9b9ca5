import { problemSchema } from '@postrider/runtime';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { jwksMaxAgeSeconds } from './replace-old-keys.ts';
import type { SigningKeys } from './signing-keys.ts';

const jwk = z
  .looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.literal('sig') })
  .describe('RFC 7517; `kid` is its thumbprint (RFC 7638).');

const sampleKey = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
  alg: 'ES256',
  use: 'sig',
};

/** The public keys, for whoever verifies access tokens by itself. */
export async function jwksRoutes(server: FastifyInstance, keys: Pick<SigningKeys, 'published'>): Promise<void> {
  server.withTypeProvider<ZodTypeProvider>().get(
    '/.well-known/jwks.json',
    {
      schema: {
        tags: ['Sessions'],
        summary: 'The keys that access tokens are verified with',
        description:
          'A key is here ten minutes before it signs and ten minutes after: fetch it again when it is stale.',
        response: {
          200: z
            .object({ keys: z.array(jwk) })
            .describe('A JSON Web Key Set.')
            .meta({ examples: [{ keys: [sampleKey] }] }),
          503: problemSchema,
        },
      },
    },
    async (_request, reply) => {
      // An empty set must not be cached: the first key is on its way.
      const keySet = { keys: keys.published().map((key) => jwk.parse(key)) };
      if (keySet.keys.length > 0) reply.header('cache-control', `public, max-age=${jwksMaxAgeSeconds}`);
      return keySet;
    },
  );
}
