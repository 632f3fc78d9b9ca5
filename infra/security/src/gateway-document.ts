import { createHash } from 'node:crypto';
import type { OpenAPIV3_1 } from 'openapi-types';

/** The client that may ask: `GATEWAY_CLIENTS` has the hash of its secret. */
const [id, secret] = ['billing', 'a'.repeat(64)];
export const gatewayClients = `${id}:${createHash('sha256').update(secret).digest('base64url')}`;

const security = [{ bearer: [] }];
const asked: OpenAPIV3_1.OperationObject = { security, responses: {} };
/** With the tokens that are known: `access` stands for one of them. */
const form: OpenAPIV3_1.OperationObject = {
  requestBody: {
    content: {
      'application/x-www-form-urlencoded': {
        schema: {
          type: 'object',
          properties: {
            token: { const: 'access' },
            token_type_hint: { type: 'string', enum: ['access_token', 'refresh_token', 'other'] },
            client_id: { const: id },
            client_secret: { const: secret },
          },
          required: ['token', 'client_id', 'client_secret'],
        },
      },
    },
  },
  responses: {},
};

/** What the listener for gateways is asked, which is in no document for clients. */
export const gatewayDocument: OpenAPIV3_1.Document = {
  openapi: '3.1.0',
  info: { title: 'Gateway', version: '1' },
  paths: {
    '/v1/authz/forward-auth': { get: asked, post: asked, put: asked, delete: asked, options: asked },
    '/v1/authz/auth-request': { get: asked },
    '/v1/authz/ext-authz': { get: asked, post: asked },
    '/v1/authz/ext-authz/{path}': { get: asked, post: asked, patch: asked },
    '/v1/token/introspect': { post: form },
    '/v1/token/revoke': { post: form },
  } as OpenAPIV3_1.PathsObject, // Its type, of two versions of OpenAPI at once, takes no operation that is optional.
};
