import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findNginx, freePort, testNginx } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { addAccount, signIn } from '../account-fixture.ts';
import { userServers } from '../user-service-fixture.ts';

const nginx = await findNginx();
const why = nginx === undefined ? ' (skipped: no nginx with auth_request found; install it or set NGINX_BIN)' : '';

/** An application that believes Remote-*, and says what it was told. */
async function application() {
  const server = createServer((request, response) => {
    const told = [];
    for (let n = 0; n < request.rawHeaders.length; n += 2)
      if (/^(x-)?remote/i.test(String(request.rawHeaders[n]).replaceAll('_', '-')))
        told.push([String(request.rawHeaders[n]).toLowerCase(), request.rawHeaders[n + 1]]);
    response.end(JSON.stringify({ path: request.url, told: Object.fromEntries(told), count: told.length }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** The example configuration in front of a real service and an application. */
async function behindNginx(binary: string) {
  await using stack = new AsyncDisposableStack();
  const servers = stack.use(await userServers());
  const service = stack.use(await servers.start({ TRUSTED_PROXIES: '127.0.0.1' }));
  const { port } = stack.use(await application());
  const listen = await freePort();
  const file = join(import.meta.dirname, '../../../../infra/gateway/nginx.conf');
  const places: Record<string, string> = {
    '127.0.0.1:3000': new URL(service.urls.public).host,
    '127.0.0.1:3001': new URL(service.urls.gateway).host,
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:8000': `127.0.0.1:${listen}`,
  };
  const configuration = (await readFile(file, 'utf8')).replaceAll(
    /127\.0\.0\.1:\d+/g,
    (place) => places[place] ?? place,
  );
  const { url } = stack.use(await testNginx(binary, configuration, listen));
  const account = await addAccount(servers, 'ada');
  const { body } = await signIn(url, account.email);
  const running = stack.move();
  return {
    url,
    account,
    token: body.accessToken,
    session: body.session,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Sends these lines as they are, which no client library would. */
async function send(url: string, lines: readonly string[]): Promise<{ status: number; headers: string; body: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // Not ended: nginx takes a client that sends no more for one that is gone.
  socket.write(`${[...lines, 'Host: app.example.com', 'Connection: close'].join('\r\n')}\r\n\r\n`);
  const answer = await text(socket);
  const [headers = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  return { status: Number(answer.split(' ')[1]), headers, body };
}

const forged = [
  'Remote-User: root',
  'remote-user: root',
  'REMOTE-USER: root',
  'Remote_User: root',
  'Remote.User: root',
  'Remote-Roles: admin',
  'Remote_Roles: admin',
  'Remote-Session: 1',
  'Remote-Email-Verified: true',
  'Connection: close, Remote-User, Remote-Session',
];

test.skipIf(nginx === undefined)(
  `28: behind nginx, who a request is from is what we say, whatever it says itself${why}`,
  async () => {
    await using world = await behindNginx(nginx ?? '');
    const { url, account, token, session } = world;
    const truth = {
      'remote-user': account.id,
      'remote-roles': 'user',
      'remote-session': session.id,
      'remote-email-verified': 'true',
    };

    const mine = await send(url, ['GET /orders HTTP/1.1', `Authorization: Bearer ${token}`, ...forged]);
    expect(JSON.parse(mine.body)).toEqual({ path: '/orders', told: truth, count: 4 });
    const cookie = `Cookie: __Host-postrider-access=${token}`;
    expect(JSON.parse((await send(url, ['GET /orders HTTP/1.1', cookie, ...forged])).body).told).toEqual(truth);
    expect(
      (await send(url, ['POST /orders HTTP/1.1', cookie, 'Content-Length: 0', 'Sec-Fetch-Site: cross-site'])).status,
    ).toBe(403);

    for (const lines of [
      forged,
      [...forged, 'Authorization: Bearer nonsense'],
      [...forged, 'Cookie: __Host-postrider-access=x'],
    ]) {
      const stranger = await send(url, ['GET /orders HTTP/1.1', ...lines]);
      expect([stranger.status, /www-authenticate: Bearer realm="postrider"/i.test(stranger.headers)]).toEqual([
        401,
        true,
      ]);
    }
  },
);

test.skipIf(nginx === undefined)(`28: behind nginx, no spelling of a path gets around the question${why}`, async () => {
  await using world = await behindNginx(nginx ?? '');
  const { url, token } = world;
  const paths = [
    '/orders%2f..%2f7',
    '/v1/../orders',
    '/v1/%2e%2e/orders',
    '/docs/..%2forders',
    '/docs/%2e%2e%2forders',
    '//orders',
    '/%6frders',
    '/orders;/v1/x',
    '/authorize',
    '/v1%2f..%2forders',
    '/.well-known/jwks.json/../../orders',
    '/confirm/../orders',
    '/orders?next=/v1/',
    'http://app.example.com/orders',
  ];
  for (const path of paths) {
    const stranger = await send(url, [`GET ${path} HTTP/1.1`, ...forged]);
    expect([path, stranger.status >= 400, stranger.body.includes('told')]).toEqual([path, true, false]);
    const known = await send(url, [`GET ${path} HTTP/1.1`, `Authorization: Bearer ${token}`, ...forged]);
    const told = known.body.includes('told') ? JSON.parse(known.body).count : 4; // Or the path is none of the application's.
    expect([path, told]).toEqual([path, 4]);
  }
});
