import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { listen } from '../listen.ts';
import type { Reply } from './reply.ts';
import { RequestError, text } from './reply.ts';

export type Request = { url: URL; params: Record<string, string | undefined>; readBody: () => Promise<string> };

/** A route answers with a reply, or takes the response over for as long as the client stays (an event stream). */
export type Route = { method: 'GET' | 'DELETE'; path: RegExp } & (
  | { answer: (request: Request) => Reply | Promise<Reply> }
  | { stream: (response: ServerResponse) => void }
);

const MAX_BODY_BYTES = 5 * 1024 * 1024;
const CLOSE_GRACE_MS = 500;

/** For every response: whatever a mail contains, it stays data, and nobody else's page may embed or read it. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

type Options = { host: string; port: number; routes: readonly Route[]; log: Logger };

export async function startHttpServer({
  host,
  port,
  routes,
  log,
}: Options): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((incoming, response) => {
    const respond = async () => {
      try {
        await dispatch(routes, incoming, response);
      } catch (error) {
        send(response, errorReply(error, log));
      }
    };
    void respond();
  });
  return {
    port: await listen(server, host, port, 'HTTP'),
    [Symbol.asyncDispose]: () => close(server),
  };
}

/** Requests under way are answered; a client that does not end its own is not waited for. */
async function close(server: Server): Promise<void> {
  const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(impatience);
}

async function dispatch(routes: readonly Route[], incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = parseUrl(incoming.url ?? '/');
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  const here = routes.filter((route) => route.path.test(url.pathname));
  const route = here.find((route) => route.method === method);
  if (!route) {
    if (here.length === 0) throw new RequestError(404, `There is nothing at "${url.pathname}".`);
    response.setHeader('allow', here.map((route) => route.method).join(', '));
    throw new RequestError(
      405,
      `"${url.pathname}" takes ${here.map((route) => route.method).join(' or ')}, not ${method}.`,
    );
  }
  if ('stream' in route) return route.stream(response);
  const params = route.path.exec(url.pathname)?.groups ?? {};
  send(response, await route.answer({ url, params, readBody: () => readBody(incoming) }));
}

function parseUrl(target: string): URL {
  const url = URL.parse(target, 'http://mailbox');
  if (!url) throw new RequestError(400, `"${target}" is not a URL.`);
  return url;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer); // A request without an encoding gives Buffers.
    length += (chunk as Buffer).length;
    if (length > MAX_BODY_BYTES) throw new RequestError(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function errorReply(error: unknown, log: Logger): Reply {
  if (error instanceof RequestError) return text(error.message, error.status);
  log.error({ err: error }, 'request failed');
  return text('The mailbox failed to answer; its log says why.', 500);
}

function send(response: ServerResponse, { status, type, body, headers }: Reply): void {
  if (response.destroyed || response.headersSent) return; // The client went away.
  const charset = type.startsWith('image/') ? '' : '; charset=utf-8';
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': type === 'application/json' ? type : `${type}${charset}`,
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
