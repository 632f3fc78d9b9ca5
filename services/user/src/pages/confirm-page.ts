import type { FastifyInstance } from 'fastify';
import { letterPage } from './letter-page.ts';

/** `/confirm`: shows what will happen, and a button that confirms an address. */
export function confirmPage(server: FastifyInstance): void {
  letterPage(server, { path: '/confirm', file: 'confirm.html' });
}
