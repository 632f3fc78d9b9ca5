import type { FastifyContextConfig } from 'fastify';
import type { OpenAPIV3_1 } from 'openapi-types';

type Operation = OpenAPIV3_1.OperationObject;
type Response = OpenAPIV3_1.ResponseObject;

/** What a status means here unless a route says more; the code is the usual one. */
const usual: Record<string, { readonly code: string; readonly description: string }> = {
  400: { code: 'invalid_request', description: 'The request does not fit its schema, or is no JSON.' },
  401: { code: 'invalid_token', description: 'There is no access token, or it is no good.' },
  403: { code: 'cross_site', description: 'Refused, whoever asks.' },
  404: { code: 'not_found', description: 'There is no such thing, or not for you.' },
  409: { code: 'idempotency_key_in_use', description: 'The same `Idempotency-Key` is being worked on.' },
  410: { code: 'gone', description: 'It is over.' },
  412: { code: 'stale', description: 'It has changed since you read it.' },
  415: { code: 'unsupported_media_type', description: 'The body is of another type.' },
  422: { code: 'rejected', description: 'Understood, and refused.' },
  428: { code: 'precondition_required', description: 'Say in `If-Match` which version you mean.' },
  429: { code: 'too_many_requests', description: 'Too many requests; `Retry-After` says when to come again.' },
  503: { code: 'unavailable', description: 'Not right now; `Retry-After` says when to try again.' },
};

const header = (description: string, example: string): OpenAPIV3_1.HeaderObject => ({
  description,
  schema: { type: 'string' },
  example,
});
const retryAfter = { 'Retry-After': header('Seconds.', '60') };
const headers: Record<string, Record<string, OpenAPIV3_1.HeaderObject>> = {
  401: { 'WWW-Authenticate': header('RFC 6750.', 'Bearer') },
  409: retryAfter,
  429: {
    ...retryAfter,
    'RateLimit-Policy': header('Quota and window in seconds.', '1000;w=3600'),
    'RateLimit-Limit': header('Requests a window.', '1000'),
    'RateLimit-Remaining': header('What is left of them.', '0'),
    'RateLimit-Reset': header('Seconds until they are all there again.', '60'),
  },
  503: retryAfter,
};

/**
 * Completes an operation with what holds for every route like it: its refusals as problems with an example for each code that the
 * description of the response names in backticks, and the `Idempotency-Key`.
 */
export function describeProblems(operation: Operation, config: FastifyContextConfig): Operation {
  const statuses = [
    ...(operation.requestBody === undefined ? [] : ['400', '415']),
    ...(config.idempotent === true ? ['409', '422'] : []),
    ...(config.rateLimits === undefined ? [] : ['429', '503']),
  ];
  const declared: Record<string, unknown> = operation.responses ?? {};
  const responses = Object.fromEntries(
    [...new Set([...Object.keys(declared), ...statuses])]
      .toSorted((a, b) => a.localeCompare(b))
      .map((status) => [status, Number(status) < 400 ? declared[status] : problem(status, declared[status], config)]),
  ) as Operation['responses']; // Of a document that lint checks.
  return {
    ...operation,
    ...(config.idempotent === true && { parameters: [...(operation.parameters ?? []), idempotencyKey] }),
    ...(responses && { responses }),
  };
}

function problem(status: string, declared: unknown, config: FastifyContextConfig): Response {
  const { code, description = 'Refused.' } = usual[status] ?? { code: 'rejected' };
  const own = (declared as Response | undefined)?.description; // Made from a schema, by the plugin.
  const reused = config.idempotent === true && status === '422' ? ' `idempotency_key_reused`.' : '';
  const text = own === undefined || own.startsWith('RFC 9457') ? `${description}${reused}` : `${own}${reused}`;
  const codes = [...text.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map(([, name = code]) => name);
  const examples = Object.fromEntries(
    (codes.length === 0 ? [code] : codes).map((name) => [name, { value: example(name, Number(status)) }]),
  );
  return {
    description: text,
    ...(headers[status] && { headers: headers[status] }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, examples } },
  };
}

function example(code: string, status: number): object {
  const instance = '7f1f6f9e-5a0c-4d8e-9f0a-0b1c2d3e4f50';
  return { type: `/problems/${code}`, title: titleOf(status), status, code, instance };
}

function titleOf(status: number): string {
  return titles[status] ?? 'Refused';
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  404: 'Not found',
  429: 'Too many requests',
};

const idempotencyKey: OpenAPIV3_1.ParameterObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A text of yours, such as a UUID. Asked again with it and the same body within 24 hours, from the same network, the request is answered as before and done once.',
  schema: { type: 'string', minLength: 1, maxLength: 257 },
  example: '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
};
