import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

export interface LetterPage {
  readonly path: string;
  /** Beside this file. */
  readonly file: string;
  /** Replaces `{name}` outside script and style. */
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * A page where the link of a mail leads. The token is in the fragment, so it reaches no server, log or Referer before the person
 * presses the button; a GET or a mail scanner's prefetch consumes nothing. Self-contained: the policy allows the page's own
 * script and styles, by their hashes, and one place to talk to.
 */
export function letterPage(server: FastifyInstance, { path, file, values = {} }: LetterPage): void {
  const html = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`{${name}}`, value),
    read(file)
      .replace('<style></style>', () => `<style>\n${read('letter.css')}</style>`)
      .replace('<!-- stamp.svg -->', () => read('stamp.svg')),
  );
  const contentSecurityPolicy = [
    "default-src 'none'",
    `script-src ${hashOf(html, 'script')}`,
    `style-src ${hashOf(html, 'style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  server.get(path, { schema: { hide: true } }, (_request, reply) =>
    reply.header('content-security-policy', contentSecurityPolicy).type('text/html; charset=utf-8').send(html),
  );
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8');
}

function hashOf(html: string, element: 'script' | 'style'): string {
  const content = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
}
