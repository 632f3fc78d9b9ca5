import { DomainError } from '@postrider/runtime/domain-error';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessTokenSeconds } from './tokens/access-token.ts';

/**
 * Cookies for browsers whose pages should not see tokens. `__Host-`: set over TLS by this very host, for no other, so that no neighbour
 * domain can plant one (RFC 6265bis §4.1.3). `HttpOnly`: no script reads them. `SameSite=Strict`: no other site's request
 * carries them. Since that depends on the browser and treats sibling domains as one site, a request that changes
 * something must also come from our own origin, by `Sec-Fetch-Site`, or by `Origin` where a browser does not send that.
 */
const names = { access: '__Host-postrider-access', refresh: '__Host-postrider-refresh' } as const;

type CookieName = keyof typeof names;

export function readCookie(request: Pick<FastifyRequest, 'headers'>, name: CookieName): string | undefined {
  const { cookie } = request.headers;
  return cookie === undefined ? undefined : parseCookie(cookie)[names[name]];
}

/** Hands both tokens to the browser; the refresh token for as long as its session may live. */
export function setCookies(
  reply: FastifyReply,
  tokens: { readonly accessToken: string; readonly refreshToken: string },
  sessionSeconds: number,
): void {
  reply.header('set-cookie', [
    hostCookie('access', tokens.accessToken, accessTokenSeconds),
    hostCookie('refresh', tokens.refreshToken, sessionSeconds),
  ]);
}

/** Takes them back. */
export function clearCookies(reply: FastifyReply): void {
  reply.header('set-cookie', [hostCookie('access', '', 0), hostCookie('refresh', '', 0)]);
}

/**
 * Refuses what a browser says another origin asked for. A client that is no browser has no cookies to be tricked with, and should
 * send its token as a header.
 *
 * @throws {DomainError} `cross_site` (403)
 */
export function refuseCrossSite(request: Pick<FastifyRequest, 'headers' | 'method'>, origin: string): void {
  if (request.method === 'GET' || request.method === 'HEAD') return; // They change nothing, and no other origin can read the answer.
  const { origin: from, 'sec-fetch-site': site } = request.headers;
  if (site === undefined ? from === origin : site === 'same-origin') return;
  throw new DomainError(
    'forbidden',
    'cross_site',
    'With cookies, requests must come from this site’s own pages. Other clients send "Authorization: Bearer".',
  );
}

function hostCookie(name: CookieName, value: string, maxAge: number): string {
  return stringifySetCookie({
    name: names[name],
    value,
    maxAge: Math.floor(maxAge),
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'strict',
  });
}
