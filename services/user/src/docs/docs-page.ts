import { type FastifyInstance, fastify } from 'fastify';

/** The reference page brings its own script and styles, inline and from its own path; nothing from elsewhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** `/docs`: the API reference to read and try. Its five megabytes are loaded by the first visit, not at start. */
export function docsPage(server: FastifyInstance): void {
  let loading: Promise<FastifyInstance> | undefined;
  server.get('/docs', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs/'));
  server.get('/docs/*', { schema: { hide: true } }, async (request, reply) => {
    loading ??= loadReference();
    const page = await (await loading).inject({ method: 'GET', url: request.url });
    reply.header('content-security-policy', contentSecurityPolicy).header('cache-control', 'public, max-age=300');
    return reply
      .status(page.statusCode)
      .type(page.headers['content-type']?.toString() ?? 'text/plain')
      .send(page.rawPayload);
  });
}

async function loadReference(): Promise<FastifyInstance> {
  const { default: reference } = await import('@scalar/fastify-api-reference');
  const server = fastify();
  await server.register(reference, {
    routePrefix: '/docs',
    configuration: { url: '/openapi.json', withDefaultFonts: false, telemetry: false },
  });
  await server.ready();
  return server;
}
