import type { FastifyInstance } from 'fastify';
import { letterPage } from './letter-page.ts';

/** `/reset`: sets a new password by a mail's link; without one it asks for the mail, and takes the code from it. */
export function resetPage(
  server: FastifyInstance,
  { passwordMinLength }: { readonly passwordMinLength: number },
): void {
  letterPage(server, { path: '/reset', file: 'reset.html', values: { minLength: String(passwordMinLength) } });
}
