import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** Collects the OpenAPI 3.1 document from the schemas of the routes registered after it. */
export async function collectOpenApi(server: FastifyInstance, publicUrl: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Postrider user service',
        version: '1.0.0',
        description:
          'Accounts. JSON only; unknown fields are refused; every error is application/problem+json (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token.' },
          cookie: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-postrider-access',
            description: 'The same, in cookie mode.',
          },
        },
      },
      servers: [{ url: publicUrl }],
      tags: [
        { name: 'Registration', description: 'From an address to a verified account.' },
        { name: 'Sessions', description: 'Signing in, staying so, signing out; the keys of access tokens.' },
        { name: 'Profile', description: 'Your own account.' },
      ],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}
