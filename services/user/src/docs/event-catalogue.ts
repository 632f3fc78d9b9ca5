import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@postrider/runtime';
import type { FastifyInstance } from 'fastify';

const folder = dirname(fileURLToPath(import.meta.resolve('@postrider/contracts/catalogue/index.html')));

/** Everything that the catalogue has, by its path in it: nothing else is ever opened. */
const paths = new Set(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.ts': 'text/plain; charset=utf-8',
};

/** `/events/`: the catalogue of the events to read, as it is committed; `/schemas/<type>.json`: where their `ce-dataschema` leads. */
export function eventCatalogue(server: FastifyInstance): void {
  const contentSecurityPolicy = policyFor(readFileSync(join(folder, 'index.html'), 'utf8'));
  server.get('/events', { schema: { hide: true } }, (_request, reply) => reply.redirect('/events/'));
  server.get<{ Params: { '*': string } }>('/events/*', { schema: { hide: true } }, async (request, reply) => {
    const path = request.params['*'] || 'index.html';
    if (!paths.has(path)) throw unknown();
    if (path.endsWith('.html')) reply.header('content-security-policy', contentSecurityPolicy);
    return reply.type(types[extname(path)] ?? 'text/plain').send(await readFile(join(folder, path)));
  });
  server.get<{ Params: { file: string } }>('/schemas/:file', { schema: { hide: true } }, async (request, reply) => {
    const path = `schemas/${request.params.file}`;
    if (!paths.has(path)) throw unknown();
    return reply.type('application/schema+json').send(await readFile(join(folder, path)));
  });
}

function unknown(): DomainError {
  return new DomainError('not_found', 'not_found', 'The catalogue of the events has no such file: see /events/.');
}

/** The page brings its own style and script, and asks nobody for anything. */
function policyFor(html: string): string {
  const hashOf = (element: 'script' | 'style'): string => {
    const content = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html)?.[1] ?? '';
    return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
  };
  const self = [`script-src ${hashOf('script')}`, `style-src ${hashOf('style')}`, 'img-src data:'];
  return ["default-src 'none'", ...self, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ');
}
