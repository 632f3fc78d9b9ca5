/** What a route answers. */
export type Reply = {
  status: number;
  type: 'application/json' | 'text/html' | 'text/plain' | 'text/css' | 'text/javascript' | 'image/svg+xml';
  body: string | Buffer;
  headers?: Record<string, string>;
};

/** A request that can't be answered as asked: 4xx, the message is for the caller. */
export class RequestError extends Error {
  override name = 'RequestError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(value: unknown): Reply {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

export function text(body: string | Buffer, status = 200): Reply {
  return { status, type: 'text/plain', body };
}

export function redirect(location: string): Reply {
  return { status: 302, type: 'text/plain', body: '', headers: { location } };
}
