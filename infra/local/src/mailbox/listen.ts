import { once } from 'node:events';
import type { Server } from 'node:net';

/** Listens and returns the port, also when 0 was asked for. A port that can't be had is told with its purpose. */
export async function listen(server: Server, host: string, port: number, purpose: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening'); // Rejects on 'error', which is how a taken port is told.
  } catch (error) {
    throw new Error(`The mailbox can't listen on ${host}:${port} for ${purpose}.`, { cause: error });
  }
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}

/** Host and port as a URL has them: an IPv6 address stands in brackets. */
export function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
