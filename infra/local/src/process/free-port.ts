import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port of the loopback that nobody listens on. Not one the system would choose: those lie in the range of outgoing connections, and
 * between our look and the server's bind (or during a restart on the same port) one of them would take it.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(15_000, 32_000);
    if ((await listenError(port)) === undefined) return port;
  }
  throw new Error('No free port between 15000 and 32000 was found on 127.0.0.1 in 100 attempts.');
}

/** Why this port of the loopback can't be listened on (`EADDRINUSE`, `EACCES`), or undefined if it can. */
export async function listenError(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
