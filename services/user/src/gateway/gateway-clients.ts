/* oxlint-disable typescript/explicit-module-boundary-types -- the type of a zod schema is its definition */
import { createHash, timingSafeEqual } from 'node:crypto';
import { DomainError } from '@postrider/runtime/domain-error';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** SHA-256 of each client's secret by its id. That is enough for secrets of 256 random bits, which no list holds. */
export type GatewayClients = ReadonlyMap<string, string>;

/** `id:hash` of each client, joined by commas. */
export const gatewayClients = () =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((client) => client.trim())
        .filter(Boolean),
    )
    .refine((clients) => clients.every((client) => /^[\w.-]{1,64}:[\w-]{43}$/.test(client)), {
      message:
        'must be "id:hash", several joined by commas; the hash is the SHA-256 of the client’s secret in base64url',
    })
    .transform((clients) => new Map(clients.map((client) => client.split(':') as [string, string])))
    .meta({ values: '`id:hash`, several joined by commas; the hash is the SHA-256 of the secret, in base64url' });

/**
 * Which client asks, by HTTP Basic or by `client_id` and `client_secret` in the form (RFC 6749, section 2.3.1), not by both.
 *
 * @throws {DomainError} `invalid_client`, whatever is wrong
 */
export function authenticateClient(clients: GatewayClients, request: FastifyRequest, form: URLSearchParams): string {
  const [id, secret] = credentialsOf(request.headers.authorization, form);
  const hash = createHash('sha256').update(secret).digest();
  const expected = Buffer.from(clients.get(id) ?? '', 'base64url');
  if (expected.length !== hash.length || !timingSafeEqual(expected, hash)) throw invalidClient();
  return id;
}

function credentialsOf(authorization: string | undefined, form: URLSearchParams): [id: string, secret: string] {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) return [id ?? '', secret ?? ''];
  const encoded = /^Basic ([\w+/=-]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined || secret !== null) throw invalidClient();
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  return [formDecoded(user), formDecoded(rest.join(':'))];
}

function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? '';
}

function invalidClient(): DomainError {
  return new DomainError('unauthenticated', 'invalid_client', 'The client is unknown, or its secret is another.');
}
