import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createClientAddress, isNetwork, networkOf } from './client-address.ts';

/** Of a request that only has what is asked for. */
const request = (remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

const behind = (...trustedProxies: string[]) => createClientAddress({ trustedProxies, header: 'x-forwarded-for' });
const forwarded = createClientAddress({ trustedProxies: ['10.0.0.0/8', '2001:db8:ffff::/48'], header: 'forwarded' });

test('without trusted proxies the connection alone says who it is', () => {
  expect(behind()(request('192.0.2.7', { 'x-forwarded-for': '198.51.100.1' }))).toBe('192.0.2.7');
  expect(behind('10.0.0.0/8')(request('192.0.2.7', { 'x-forwarded-for': '198.51.100.1' }))).toBe('192.0.2.7');
  expect(behind('10.0.0.0/8')(request(undefined))).toBe('unknown');
});

test.each([
  ['one hop', '198.51.100.1', '198.51.100.1'],
  ['a client that forges hops before the real one', '1.1.1.1, 10.9.9.9, 198.51.100.1', '198.51.100.1'],
  ['a chain of trusted ones', '198.51.100.1, 10.0.0.2, 10.0.0.3', '198.51.100.1'],
  ['a port', '198.51.100.1:4711', '198.51.100.1'],
  ['IPv6 in brackets with a port', '[2001:DB8::1]:4711', '2001:db8::1'],
  ['an IPv4 address in IPv6', '::ffff:198.51.100.1', '198.51.100.1'],
  ['nonsense nearest to us', '198.51.100.1, unknown', '10.0.0.1'],
  ['an empty hop', '198.51.100.1, ', '10.0.0.1'],
  ['nothing', '', '10.0.0.1'],
  ['only trusted ones', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
])('X-Forwarded-For with %s', (_what, header, expected) => {
  expect(behind('10.0.0.0/8')(request('10.0.0.1', header === '' ? {} : { 'x-forwarded-for': header }))).toBe(expected);
});

test.each([
  ['one hop', 'for=198.51.100.1;proto=https;by=10.0.0.1', '198.51.100.1'],
  ['IPv6, quoted', 'For="[2001:db8::1]:4711"', '2001:db8::1'],
  ['a forged hop hidden in quotes', 'for="a,for=1.1.1.1", for=198.51.100.1', '198.51.100.1'],
  ['a quote that never ends', 'for=198.51.100.1, for="1.1.1.1', '10.0.0.1'],
  ['a hidden name', 'for=_gazonk', '10.0.0.1'],
])('Forwarded with %s', (_what, header, expected) => {
  expect(forwarded(request('10.0.0.1', { forwarded: header, 'x-forwarded-for': '6.6.6.6' }))).toBe(expected);
});

test('a connection in IPv6 clothes is matched by its IPv4 network', () => {
  expect(behind('10.0.0.0/8')(request('::ffff:10.0.0.1', { 'x-forwarded-for': '198.51.100.1' }))).toBe('198.51.100.1');
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s is of %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('networks are told from what is none', () => {
  expect(['10.0.0.0/8', '::1', '2001:db8::/32', '127.0.0.1'].every(isNetwork)).toBe(true);
  expect(['10.0.0.0/33', 'localhost', '10.0.0.0/8/8', '::1/129', '10.0.0/8', '10.0.0.0/', ''].some(isNetwork)).toBe(
    false,
  );
});
