import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port of the loopback that nobody listens on, and that nobody else is given while this process lives.
 *
 * The theory. Between our look and the server's bind, and while a server restarts, the port is free for everybody. Programs that ask the system
 * for any port get one from another range. Programs that ask here, in this process or in others, are kept away by the UDP
 * port of the same number: whoever is given a TCP port binds it and never lets go, and the system frees it when the process ends,
 * however it ends.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(15_000, 32_000);
    if (await reservePort(port)) return port;
  }
  throw new Error('No free port between 15000 and 32000 was found on 127.0.0.1 in 100 attempts.');
}

/** Keeps a port for this process as long as it lives; false when somebody listens on it, or has it already. */
export async function reservePort(port: number): Promise<boolean> {
  const reservation = createSocket('udp4').unref();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  reservation.once('error', () => resolve(false));
  reservation.bind({ address: '127.0.0.1', port, exclusive: true }, () => resolve(true));
  const isOurs = (await promise) && (await listenError(port)) === undefined;
  if (!isOurs) reservation.close();
  return isOurs;
}

/** Why this port of the loopback can't be listened on (`EADDRINUSE`, `EACCES`), or undefined if it can. */
export async function listenError(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
