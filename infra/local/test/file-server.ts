import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
}

export type Answer = Buffer | { readonly truncated: Buffer } | 'silence';

/** A mirror on the loopback: answers paths with what it is given, 404 else. */
export async function startFileServer(files: Readonly<Record<string, Answer>>): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const answer = files[path];
    if (answer === undefined) return void response.writeHead(404).end('not found');
    if (answer === 'silence') return;
    if (Buffer.isBuffer(answer)) return void response.writeHead(200, { 'content-length': answer.length }).end(answer);
    const { truncated } = answer;
    response.writeHead(200, { 'content-length': truncated.length });
    response.write(truncated.subarray(0, truncated.length / 2), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // An address is an object for a TCP server that listens.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
