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

/**
 * The paper, ink and stripes of the mails. The greens and blues are those of the methods: the reference's own are too pale for
 * their size.
 */
const customCss = `
  :root { --scalar-custom-header-height: 5px; }
  body::before {
    content: ''; display: block; position: sticky; top: 0; z-index: 100; height: 5px;
    background: repeating-linear-gradient(115deg, #a63a1e 0 18px, #fbf8f1 18px 27px, #2f5d8c 27px 45px, #fbf8f1 45px 54px);
  }
  body.dark-mode::before {
    background: repeating-linear-gradient(115deg, #c9593a 0 18px, #2a2f39 18px 27px, #5d8fc4 27px 45px, #2a2f39 45px 54px);
  }
  .introduction-section .section-header-wrapper { margin-top: 10px; }
  .light-mode {
    --scalar-background-1: #fffefb; --scalar-background-2: #f8f4ec; --scalar-background-3: #eee8db;
    --scalar-border-color: #e4ddcf; --scalar-color-1: #22262f; --scalar-color-2: #5c6270; --scalar-color-3: #6b6656;
    --scalar-color-accent: #a63a1e; --scalar-background-accent: #a63a1e14;
    --scalar-color-green: #1b6b45; --scalar-color-blue: #2f5d8c; --scalar-color-red: #a63a1e;
    --scalar-color-orange: #8f4a12; --scalar-color-purple: #5a4a9c;
  }
  .dark-mode {
    --scalar-background-1: #14161b; --scalar-background-2: #1c2027; --scalar-background-3: #262b34;
    --scalar-border-color: #313743; --scalar-color-1: #f1eee8; --scalar-color-2: #b4b8c2; --scalar-color-3: #9ca2ae;
    --scalar-color-accent: #ff9d7d; --scalar-background-accent: #ff9d7d1f;
    --scalar-color-green: #7fd1a5; --scalar-color-blue: #8db8e6; --scalar-color-red: #ff9d7d;
    --scalar-color-orange: #f0b27a; --scalar-color-purple: #b9a9f0;
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
