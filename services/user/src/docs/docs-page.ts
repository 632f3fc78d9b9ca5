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

/** The paper, ink and red of the mails. */
const customCss = `
  .light-mode {
    --scalar-background-1: #fffefb; --scalar-background-2: #f8f4ec; --scalar-background-3: #eee8db;
    --scalar-border-color: #e4ddcf; --scalar-color-1: #22262f; --scalar-color-2: #5c6270; --scalar-color-3: #6f6a5c;
    --scalar-color-accent: #a63a1e; --scalar-background-accent: #a63a1e14;
  }
  .dark-mode {
    --scalar-background-1: #14161b; --scalar-background-2: #1c2027; --scalar-background-3: #262b34;
    --scalar-border-color: #313743; --scalar-color-1: #f1eee8; --scalar-color-2: #b4b8c2; --scalar-color-3: #9197a3;
    --scalar-color-accent: #ff9d7d; --scalar-background-accent: #ff9d7d1f;
  }
`;

const favicon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#a63a1e"/>' +
    '<text x="16" y="22.5" font-family="Georgia,serif" font-weight="700" font-size="19" fill="#fff" text-anchor="middle">P</text></svg>',
)}`;

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
    configuration: {
      url: '/openapi.json',
      pageTitle: 'Postrider API',
      favicon,
      customCss,
      withDefaultFonts: false,
      // What leads to its maker's own services: nothing here may depend on them.
      telemetry: false,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
      hideClientButton: true,
    },
  });
  await server.ready();
  return server;
}
