import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface ClientAddressOptions {
  /** IP addresses and CIDR blocks whose word about their clients is taken. */
  readonly trustedProxies: readonly string[];
  /** The one header that these proxies write. The other is the client's own text, and means nothing. */
  readonly header: 'x-forwarded-for' | 'forwarded';
}

/**
 * Whose request it is. Read from the end: each trusted hop vouches for the one before it, and the first that is not trusted is the
 * client, whatever stands further to the front (RFC 7239, section 8.1). What is no address (`unknown`, `_hidden`, nonsense) leaves the last one
 * that is known. An IPv4 address in IPv6 clothes is an IPv4 address.
 */
export function createClientAddress({
  trustedProxies,
  header,
}: ClientAddressOptions): (request: IncomingMessage) => string {
  const isTrusted = membership(trustedProxies);
  return ({ socket, headers }) => {
    let client = addressOf(socket.remoteAddress ?? '') ?? 'unknown';
    if (!isTrusted(client)) return client;
    for (const hop of hopsOf(header, headers).toReversed()) {
      const before = addressOf(hop);
      if (before === undefined) break;
      client = before;
      if (!isTrusted(client)) break;
    }
    return client;
  };
}

/** What one client can't vary freely: its IPv4 address, or the /64 that an IPv6 customer has at least (RFC 6177). */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const [front, back] = [head, tail].map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - (front?.length ?? 0) - (back?.length ?? 0) }, () => '0');
  return `${[...(front ?? []), ...zeros, ...(back ?? [])].slice(0, 4).join(':')}::/64`;
}

/** Whether the text is an IP address or a CIDR block. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function membership(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = familyOf(address);
    list.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** One spelling an address, without port, brackets or zone; undefined for what is none. */
function addressOf(text: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const address = bare.replace(/%.*$/, '');
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : undefined;
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const bytes = mapped.slice(1).flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
  return bytes.join('.');
}

/** The hops as the header lists them, the nearest last. */
function hopsOf(header: ClientAddressOptions['header'], headers: IncomingMessage['headers']): string[] {
  const text = String(headers[header] ?? ''); // Several headers of one name are joined by Node, in order.
  if (header === 'x-forwarded-for') return text === '' ? [] : text.split(',').map((hop) => hop.trim());
  if (text === '') return [];
  return splitOutsideQuotes(text, ',').map((element) => {
    const pairs = splitOutsideQuotes(element, ';').map((pair) => pair.trim());
    const node = pairs.find((pair) => /^for=/i.test(pair))?.slice(4) ?? '';
    return node.replace(/^"(.*)"$/, '$1');
  });
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (char === separator && !isQuoted) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}
