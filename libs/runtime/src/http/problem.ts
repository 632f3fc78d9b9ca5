import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DomainError, type Refusal } from '../domain-error.ts';
import { logOf } from './observe-requests.ts';

/** RFC 9457: what every answer that is no success looks like, `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string().describe('Names the problem: a path of the documentation, not a page to fetch.'),
    title: z.string().describe('The same for every occurrence.'),
    status: z.int(),
    code: z.string().describe('Stable: switch on this.'),
    detail: z.string().optional().describe('This occurrence, in a sentence.'),
    instance: z.string().describe('The id of the request, as the log has it.'),
    errors: z
      .array(
        z.object({
          pointer: z.string().describe('JSON pointer into the body, or a parameter’s name.'),
          code: z.string(),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

export type Problem = z.infer<typeof problemSchema>;

/** Knows the errors of a service's own dependencies: a refusal where the caller may know, undefined where it is a bug. */
export type TranslateError = (error: unknown) => DomainError | undefined;

/** The one place where an error becomes an answer. What is not a refusal is logged whole and answered with nothing but its id. */
export function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  translate: TranslateError,
): FastifyReply {
  const known = error instanceof DomainError ? error : translate(error);
  if (known !== undefined) {
    // Without a cause nothing is wrong but that too many come; each answer's own line says so.
    if (known.refusal === 'unavailable' && known.cause !== undefined)
      logOf(request).warn({ err: known.cause }, 'request refused: a dependency is unavailable');
    if (known.retryAfterSeconds !== undefined) reply.header('retry-after', String(known.retryAfterSeconds));
    return send(reply, request, { status: statusOf[known.refusal], code: known.code, detail: known.message });
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    return send(reply, request, {
      status: 400,
      code: 'invalid_request',
      detail: 'The request does not fit its schema.',
      errors: fieldErrors(error),
    });
  }
  const fault = error instanceof Error ? clientFault(error) : undefined;
  if (fault !== undefined) return send(reply, request, fault);
  logOf(request).error({ err: error }, 'request failed');
  return send(reply, request, {
    status: 500,
    code: 'internal_error',
    detail: 'Something went wrong on our side; the log knows it by this instance.',
  });
}

/** Nothing here, or nothing for this method (RFC 9110, 15.5.6). */
export function answerNotFound(
  request: FastifyRequest,
  reply: FastifyReply,
  allowedMethods: (path: string) => string[],
): FastifyReply {
  const allowed = allowedMethods(request.url.split('?')[0] ?? '');
  if (allowed.length === 0) return send(reply, request, { status: 404, code: 'not_found' });
  return send(reply.header('allow', allowed.join(', ')), request, { status: 405, code: 'method_not_allowed' });
}

/** A request that never reached a route: its hooks have not run. */
export function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('cache-control', 'no-store')
    .header('x-request-id', request.id)
    .header('x-content-type-options', 'nosniff');
  const status = error.statusCode ?? 400;
  void send(reply, request, { status, code: 'invalid_request', detail: 'The address of the request can’t be read.' });
}

const statusOf: Record<Refusal, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  precondition_required: 428,
  rejected: 422,
  too_many: 429,
  unavailable: 503,
};

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Refused',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

/** What Fastify itself refuses about a request; its messages may repeat the input, so ours stand instead. */
function clientFault(error: Error): Omit<Problem, 'type' | 'title' | 'instance'> | undefined {
  const { code, statusCode = 500 } = error as Partial<FastifyError>; // Any thrown Error may reach us; both are read with care.
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return { status: 415, code: 'unsupported_media_type', detail: 'Say in Content-Type that it is application/json.' };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return { status: 413, code: 'body_too_large' };
  if (statusCode >= 400 && statusCode < 500)
    return { status: statusCode, code: 'invalid_request', detail: 'The request can’t be read.' };
  return undefined;
}

function fieldErrors(error: {
  validation: readonly { instancePath: string; keyword: string; message?: string | undefined }[];
}): NonNullable<Problem['errors']> {
  return error.validation.map((issue) => ({
    pointer: issue.instancePath,
    code: issue.keyword,
    detail: issue.message ?? '',
  }));
}

function send(
  reply: FastifyReply,
  request: FastifyRequest,
  problem: Omit<Problem, 'type' | 'title' | 'instance'>,
): FastifyReply {
  const body: Problem = {
    type: `/problems/${problem.code}`,
    title: titles[problem.status] ?? STATUS_CODES[problem.status] ?? 'Refused',
    instance: request.id,
    ...problem,
  };
  // RFC 9110, 15.5.2: whoever is told to authenticate is told how.
  if (problem.status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer');
  return reply.status(problem.status).type('application/problem+json').serializer(JSON.stringify).send(body);
}
