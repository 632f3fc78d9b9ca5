import { BaseResolver, createConfig, lintDocument, makeDocumentFromString } from '@redocly/openapi-core';
import { fastify } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';
import { expect, test } from 'vitest';
import { type PublicParts, publicRoutes } from '../service.ts';

/** The document, from routes behind which there is nothing: none is called. */
async function openApi(): Promise<OpenAPIV3_1.Document> {
  await using server = fastify();
  const nothing = { database: {}, sessions: {}, context: () => ({}) };
  const config = { publicUrl: 'https://accounts.example.net', rateLimitScale: 1, codeKey: new Uint8Array(32) };
  await publicRoutes(server, { ...nothing, config } as unknown as PublicParts);
  return (await server.inject('/openapi.json')).json();
}

const document = await openApi();
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item ?? {}).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation: operation as OpenAPIV3_1.OperationObject,
  })),
);

test('the document passes the linter, its examples their schemas', async () => {
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: {
      'no-invalid-media-type-examples': 'error',
      'no-invalid-schema-examples': 'error',
      'no-invalid-parameter-examples': 'error',
      'operation-4xx-problem-details-rfc7807': 'error',
      'operation-description': 'error',
      'operation-4xx-response': 'off', // What only reads, and needs nobody, can refuse nothing.
    },
  });
  const problems = await lintDocument({
    document: makeDocumentFromString(JSON.stringify(document), 'openapi.json'),
    externalRefResolver: new BaseResolver(),
    config,
  });
  expect(problems.map(({ ruleId, message, location }) => `${location[0]?.pointer} ${ruleId}: ${message}`)).toEqual([]);
});

test.each(operations)('$name has examples for what is sent and for every answer', ({ operation }) => {
  const bodies = [operation.requestBody, ...Object.values(operation.responses ?? {})] as (
    | OpenAPIV3_1.ResponseObject
    | undefined
  )[];
  const contents = bodies.flatMap((body) => Object.values(body?.content ?? {}));
  expect(contents.filter((content) => !hasExample(content))).toEqual([]);
});

/** Cached by who asks, and answered from memory. */
const unlimited = ['GET /.well-known/jwks.json'];

test.each(operations.filter(({ name }) => !unlimited.includes(name)))(
  '$name says how often it may be called, and what it answers when it can’t',
  ({ operation }) => {
    expect(operation.description).toMatch(/At most [\d,]+ in .* from one network/);
    expect(Object.keys(operation.responses ?? {})).toEqual(expect.arrayContaining(['429', '503']));
  },
);

function hasExample({ schema, example, examples }: OpenAPIV3_1.MediaTypeObject): boolean {
  const name = schema !== undefined && '$ref' in schema ? schema.$ref?.split('/').at(-1) : undefined;
  const resolved: object = (name === undefined ? schema : document.components?.schemas?.[name]) ?? {};
  return example !== undefined || examples !== undefined || 'example' in resolved || 'examples' in resolved;
}
