import { randomUUID } from 'node:crypto';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { ConnectionError, FastifyBaseLogger } from 'fastify';
import type { Socket } from 'node:net';

/** Answers what is not even HTTP, before there is a request: a problem like every other, and the connection ends. */
export function answerClientError(log: FastifyBaseLogger, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, headers, body } = refusal(statusOf[error.code] ?? 400);
  log.info({ status, reason: error.code, requestId: headers['x-request-id'] }, 'request refused: it is not HTTP');
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
  if (socket.writable)
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** Answers an `Expect` other than `100-continue` (RFC 9110, 10.1.1), which Node would do without a word. */
export function answerExpectation(_request: unknown, response: ServerResponse): void {
  const { status, headers, body } = refusal(417);
  response.writeHead(status, headers).end(body);
}

const statusOf: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

function refusal(status: number): { status: number; headers: Record<string, string>; body: string } {
  const title = STATUS_CODES[status] ?? 'Bad Request';
  const [code, instance] = [
    status === 400 ? 'invalid_request' : title.toLowerCase().replaceAll(' ', '_'),
    randomUUID(),
  ];
  const body = JSON.stringify({ type: `/problems/${code}`, title, status, code, instance });
  const headers = {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': instance,
  };
  return { status, headers, body };
}
