import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { DomainError } from '../domain-error.ts';
import { logOf } from './observe-requests.ts';
import type { Claim, IdempotencyStore } from './idempotency-store.ts';

// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07). The theory. A request with a key first claims it, by one INSERT: of
// any number at once one has it, the others are told 409. Its answer is stored before it is sent, when it says that something was done (2xx);
// a refusal changed nothing and gives the key back. Who asks again with the key and the same body gets the stored answer; with another body
// 422. A key is good for 24 h, on its route, for its client.
//
// Where it can break: a process that dies between claim and answer leaves the claim, which ends after a minute by the database's clock; the
// next try then does the work, for the second time if the first died after its commit. (Routes that take keys must bear that: they
// do without a key, too.) A request that outlives its claim has lost it: what it would store is fenced by the claim's id.
//
// What is kept is of no use without the key: the key is a hash, the body a keyed hash, and the answer, which may hold tokens, is sealed
// under a key that takes both the service's secret and the client's key to derive.

declare module 'fastify' {
  interface FastifyContextConfig {
    /** This route takes an `Idempotency-Key`. */
    idempotent?: boolean;
  }
  interface FastifyRequest {
    idempotency: (Claim & { readonly key: string }) | undefined;
  }
}

export interface Idempotency {
  readonly store: IdempotencyStore;
  readonly secret: Uint8Array;
  /** Whose key it is: keys of others are other keys. The client's network unless said otherwise. */
  readonly clientOf?: (request: FastifyRequest) => string;
}

/** Lets the routes that are added from here on, and say `config: { idempotent: true }`, be asked twice and do their work once. */
export function replayAnswers(server: FastifyInstance, options: Idempotency): void {
  const { store, secret, clientOf = ({ clientNetwork }) => clientNetwork } = options;
  server.decorateRequest('idempotency');
  server.addHook('preHandler', async (request, reply) => {
    const key = request.routeOptions.config.idempotent === true ? keyOf(request.headers['idempotency-key']) : undefined;
    if (key === undefined) return undefined;
    const scope = `${request.method} ${request.routeOptions.url ?? ''}\0${clientOf(request)}\0${key}`;
    const hash = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
    const claim = {
      id: hash(`idempotency-key\0${scope}`),
      fingerprint: hash(`idempotency-body\0${scope}\0${JSON.stringify([request.params, request.body])}`),
      claim: randomUUID(),
    };
    const former = await store.claim(claim);
    if (former === 'claimed') {
      request.idempotency = { ...claim, key: scope };
      return undefined;
    }
    return replay(reply, refuseOr(former, claim), secret, scope);
  });
  server.addHook('onSend', async (request, reply, payload) => {
    const claim = request.idempotency;
    if (claim === undefined) return;
    const isDone = reply.statusCode < 300;
    // The work is done either way, so the client hears of it; without the row its next try does it again.
    await (
      isDone ? store.complete(claim, seal(answerOf(reply, payload), secret, claim.key)) : store.release(claim)
    ).catch((error: unknown) => logOf(request).warn({ err: error }, 'an idempotency key keeps no answer'));
  });
}

/** A Structured Field string (RFC 9651), or the bare text that many clients send; both name the same key. */
function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = /^(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x5b\x5d-\x7e]{1,255}))$/.exec(String(header));
  const text = key?.[1] ?? key?.[2];
  if (text !== undefined) return text;
  throw new DomainError(
    'invalid',
    'invalid_idempotency_key',
    'Idempotency-Key is 1 to 255 printable ASCII characters, such as a UUID in quotes.',
  );
}

function refuseOr(former: { fingerprint: string; answer: Uint8Array | null }, claim: Claim): Uint8Array {
  if (former.fingerprint !== claim.fingerprint)
    throw new DomainError(
      'rejected',
      'idempotency_key_reused',
      'This Idempotency-Key came with another request before.',
    );
  if (former.answer === null)
    throw new DomainError(
      'conflict',
      'idempotency_key_in_use',
      'The request with this Idempotency-Key is being worked on.',
      {
        retryAfterSeconds: 1,
      },
    );
  return former.answer;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

const keptHeaders = ['content-type', 'location', 'etag', 'set-cookie'];

function answerOf(reply: FastifyReply, payload: unknown): Answer {
  const headers = Object.fromEntries(
    keptHeaders.flatMap((name) => {
      const value = reply.getHeader(name);
      if (value === undefined) return [];
      return [[name, Array.isArray(value) ? value : String(value)]];
    }),
  );
  return { status: reply.statusCode, headers, body: typeof payload === 'string' ? payload : '' };
}

function replay(reply: FastifyReply, sealed: Uint8Array, secret: Uint8Array, scope: string): FastifyReply {
  const { status, headers, body } = open(sealed, secret, scope);
  return reply
    .status(status)
    .headers({ ...headers, 'idempotency-replayed': 'true' })
    .send(body);
}

/** AES-256-GCM: 12 bytes nonce, 16 bytes tag, text. */
function seal(answer: Answer, secret: Uint8Array, scope: string): Uint8Array {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret, scope), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

function open(sealed: Uint8Array, secret: Uint8Array, scope: string): Answer {
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(secret, scope), sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString()) as Answer; // Ours, authenticated.
}

function sealingKey(secret: Uint8Array, scope: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `idempotency-answer\0${scope}`, 32));
}
