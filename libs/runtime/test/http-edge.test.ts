import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createLogger } from '../src/logger.ts';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startHttpServer } from '../src/http/http-server.ts';

/** A listener with a route of each kind, and what it logs. */
async function edge(more: { askedBy?: 'clients' | 'gateways' } = {}) {
  const lines = new PassThrough();
  const server = await startHttpServer({
    name: 'public',
    host: '127.0.0.1',
    port: 0,
    log: createLogger({ name: 'test', destination: lines }),
    health: [],
    ...more,
    client: { trustedProxies: ['127.0.0.1'], header: 'x-forwarded-for' },
    routes(fastify) {
      const routes = fastify.setValidatorCompiler(validatorCompiler).withTypeProvider<ZodTypeProvider>();
      const body = z.strictObject({ email: z.string() });
      routes.post('/v1/things', { schema: { body } }, async (request) => ({ body: request.body }));
      routes.get('/v1/things/:id', async (request) => ({ ip: request.clientAddress, network: request.clientNetwork }));
      routes.get('/v1/broken', async (request) => {
        throw new Error(`broken by ${request.headers['user-agent']}`);
      });
    },
  });
  return { ...server, log: () => String(lines.read() ?? '') };
}

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: { readonly instance: string };
}

/** Sends these very bytes; what comes back until the connection ends. */
async function send(url: string, bytes: string): Promise<Answer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(bytes);
  const answer = await text(socket);
  const [headers = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  return { status: Number(answer.split(' ')[1]), headers: headers.toLowerCase(), body: JSON.parse(body) };
}

const post = (type: string, body: string): string =>
  `POST /v1/things HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${type}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const json = 'content-type: application/json\r\n';

test.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_request'],
  [
    'a header too large',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    431,
    'request_header_fields_too_large',
  ],
  [
    'two lengths',
    'POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na',
    400,
    'invalid_request',
  ],
  [
    'length and chunks',
    'POST /v1/things HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'invalid_request',
  ],
  ['no host', 'GET /v1/things/1 HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'invalid_request'],
  [
    'an expectation that nobody has',
    'GET /v1/things/1 HTTP/1.1\r\nhost: x\r\nexpect: cake\r\nconnection: close\r\n\r\n',
    417,
    'expectation_failed',
  ],
  [
    'an address that can’t be decoded',
    'GET /v1/things/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    400,
    'invalid_request',
  ],
  [
    'a parameter too long',
    `GET /v1/things/${'a'.repeat(200)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    414,
    'invalid_request',
  ],
  ['a path that leads nowhere', 'GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 404, 'not_found'],
  [
    'a method that is not for this path',
    'DELETE /v1/things/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    405,
    'method_not_allowed',
  ],
  ['a failure of ours', 'GET /v1/broken HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 500, 'internal_error'],
  ['another type', post('content-type: text/plain\r\n', '{"email":"a"}'), 415, 'unsupported_media_type'],
  ['no type', post('', '{"email":"a"}'), 415, 'unsupported_media_type'],
  ['a form', post('content-type: application/x-www-form-urlencoded\r\n', 'email=a'), 415, 'unsupported_media_type'],
  ['a field twice', post(json, '{"email":"a","email":"b"}'), 400, 'invalid_request'],
  ['__proto__', post(json, '{"email":"a","__proto__":{"isAdmin":true}}'), 400, 'invalid_request'],
  ['constructor', post(json, '{"email":"a","constructor":{"prototype":{}}}'), 400, 'invalid_request'],
  ['an array', post(json, '{"email":["a"]}'), 400, 'invalid_request'],
  ['nothing', post(json, ''), 400, 'invalid_request'],
  ['null', post(json, 'null'), 400, 'invalid_request'],
])('%s is answered with a problem, not to be stored', async (_what, bytes, status, code) => {
  await using server = await edge();
  const answer = await send(server.url, bytes);
  expect(answer).toMatchObject({
    status,
    body: { status, code, title: expect.any(String), type: `/problems/${code}` },
  });
  expect(answer.headers).toContain('content-type: application/problem+json');
  expect(answer.headers).toContain('cache-control: no-store');
  expect(answer.headers).toContain(`x-request-id: ${answer.body.instance}`);
  expect(answer.headers.includes('\r\nallow: get, head')).toBe(status === 405);
});

test('a client’s address is what the trusted proxy says, and its network what can be counted', async () => {
  await using server = await edge();
  const look = async (headers: Record<string, string>): Promise<unknown> =>
    (await fetch(`${server.url}/v1/things/1`, { headers })).json();
  expect(await look({})).toEqual({ ip: '127.0.0.1', network: '127.0.0.1' });
  expect(await look({ 'x-forwarded-for': '6.6.6.6, 2001:db8:1:2::9' })).toEqual({
    ip: '2001:db8:1:2::9',
    network: '2001:db8:1:2::/64',
  });
  expect(await look({ forwarded: 'for=6.6.6.6' })).toMatchObject({ ip: '127.0.0.1' });
});

test.each([
  { askedBy: 'clients' as const, protectedIfGood: 'no-referrer', logged: [200, 404] },
  { askedBy: 'gateways' as const, protectedIfGood: null, logged: [404] },
])(
  'to $askedBy, what a browser may see is protected, and what someone would want to know is logged with its ids',
  async ({ askedBy, protectedIfGood, logged }) => {
    await using server = await edge({ askedBy });
    const good = await fetch(`${server.url}/v1/things/1`);
    const refused = await fetch(`${server.url}/v1/nothing`);
    expect([good.status, good.headers.get('referrer-policy')]).toEqual([200, protectedIfGood]);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    const answered = (): Record<string, unknown>[] => lines.filter(({ msg }) => msg === 'request answered');
    const lines: Record<string, unknown>[] = [];
    await expect
      .poll(() => {
        for (const line of server.log().split('\n').filter(Boolean)) lines.push(JSON.parse(line));
        return answered().map(({ status }) => status);
      })
      .toEqual(logged);
    expect(answered().at(-1)).toMatchObject({
      reqId: refused.headers.get('x-request-id'),
      traceId: expect.stringMatching(/^[\da-f]{32}$/),
    });
  },
);

test('line breaks, escapes and control characters of a client reach no log line as themselves', async () => {
  await using server = await edge();
  const hostile = 'a\u001b[2J\u009b31m\u202e\u007f';
  const agent = Buffer.from(hostile).toString('latin1');
  await send(
    server.url,
    `GET /v1/broken?x=%0d%0a%1b[31m HTTP/1.1\r\nhost: x\r\nuser-agent: ${agent.replace('\u001b', '')}\r\nconnection: close\r\n\r\n`,
  );
  await send(server.url, post(json, JSON.stringify({ email: `${hostile}\r\nlevel: fatal`, extra: 1 })));
  const logged = server.log();
  expect(logged.trim().split('\n').length).toBeGreaterThanOrEqual(3);
  for (const line of logged.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ name: 'test' });
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  expect(logged.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
});
