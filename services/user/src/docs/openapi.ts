import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { RateLimit } from '@postrider/runtime';
import type { FastifyContextConfig, FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import { describeProblems } from './describe-problems.ts';

/** What `introduction` says it is. */
type Document = OpenAPIV3_1.Document;

/**
 * Collects the OpenAPI 3.1 document from the schemas of the routes registered after it. What follows from a route's `config` (limits,
 * `Idempotency-Key`, the refusals that go with them) is added here; an operation is called by its summary unless it has an `operationId`.
 */
export async function collectOpenApi(server: FastifyInstance, publicUrl: string): Promise<void> {
  const configs = new Map<string, FastifyContextConfig>();
  const transform: FastifyDynamicSwaggerOptions['transform'] = (document) => {
    const { schema, url } = jsonSchemaTransform(document);
    const { config = {} } = document.route;
    const { summary = '', operationId = camelCase(summary), description = '' } = document.schema;
    configs.set(operationId, config);
    const body: unknown = schema?.body;
    const examples = exampleBodies(document.schema.body);
    if (typeof body === 'object' && body !== null && examples !== undefined) Object.assign(body, { examples });
    const text = [description, ...(config.rateLimits ?? []).map(tellLimit)].filter(Boolean).join(' ');
    return { schema: { ...schema, operationId, description: text }, url };
  };
  await server.register(swagger, {
    openapi: introduction(publicUrl),
    transform,
    transformObject: (document) => complete(jsonSchemaTransformObject(document) as Document, configs),
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}

function introduction(publicUrl: string): Partial<Document> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postrider user service',
      version: '1.0.0',
      description:
        'Accounts. JSON only; unknown fields are refused; every error is application/problem+json (RFC 9457).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: [],
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
    tags: [
      { name: 'Registration', description: 'From an address to a verified account.' },
      { name: 'Sessions', description: 'Signing in, staying so, signing out; the keys of access tokens.' },
      { name: 'Passwords', description: 'Setting another password, with the old one or without; proving it again.' },
      { name: 'Profile', description: 'Your own account.' },
    ],
  };
}

function complete(document: Document, configs: ReadonlyMap<string, FastifyContextConfig>): Document {
  const items = document.paths as Record<string, Record<string, OpenAPIV3_1.OperationObject>>; // Routes have nothing else.
  const paths = Object.entries(items).map(([path, item]) => [
    path,
    Object.fromEntries(
      Object.entries(item).map(([method, operation]) => [
        method,
        describeProblems(operation, configs.get(operation.operationId ?? '') ?? {}),
      ]),
    ),
  ]);
  return withoutUnused({ ...document, paths: Object.fromEntries(paths) });
}

/** Each schema with an id comes twice, as what is sent and as what is answered; most are only one of them. */
function withoutUnused(document: Document): Document {
  const text = JSON.stringify(document);
  const schemas = Object.entries(document.components?.schemas ?? {}).filter(([name]) =>
    text.includes(`"#/components/schemas/${name}"`),
  );
  return {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(schemas) },
  };
}

/** A schema that transforms keeps its examples from its JSON Schema: they could be of what comes out. Ours are of what is sent. */
function exampleBodies(body: unknown): unknown {
  return body instanceof z.ZodType ? body.meta()?.['examples'] : undefined;
}

/** `Sign in` → `signIn` */
function camelCase(summary: string): string {
  const [first = '', ...rest] = summary.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return [first.toLowerCase(), ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

function tellLimit({ name, quota, windowSeconds }: RateLimit): string {
  const whose = {
    network: 'from one network (an IPv4 address, or an IPv6 /64)',
    address: 'from one network about one address',
    account: 'of one account',
    overall: 'of everybody together',
  }[name];
  return `At most ${quota.toLocaleString('en')} in ${tellTime(windowSeconds)} ${whose}.`;
}

function tellTime(seconds: number): string {
  if (seconds % 3_600 === 0) return seconds === 3_600 ? 'an hour' : `${seconds / 3_600} hours`;
  return seconds === 60 ? 'a minute' : `${Math.round(seconds / 60)} minutes`;
}
