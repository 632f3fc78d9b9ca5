import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

/**
 * `/confirm`, where the link of a mail leads. The token is in the fragment, so it reaches no server, log or Referer before the person
 * presses the button; a GET or a mail scanner's prefetch consumes nothing. Self-contained: the policy allows the page's own
 * script and styles, by their hashes, and one place to talk to.
 */
export function confirmPage(server: FastifyInstance): void {
  const html = readFileSync(join(import.meta.dirname, 'confirm.html'), 'utf8');
  const contentSecurityPolicy = [
    "default-src 'none'",
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  server.get('/confirm', { schema: { hide: true } }, (_request, reply) =>
    reply.header('content-security-policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html),
  );
}

function hashOf(html: string, element: 'script' | 'style'): string {
  const content = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
