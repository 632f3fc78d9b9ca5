import type { MsgHdrs } from '@nats-io/transport-node';

/** What of a delivery decides about it: what it says, where it stands, and how often the server has delivered it. A `JsMsg` is one. */
export interface ArrivedMessage {
  readonly subject: string;
  readonly headers?: MsgHdrs | undefined;
  readonly data: Uint8Array;
  readonly info: {
    readonly stream: string;
    readonly consumer: string;
    readonly streamSequence: number;
    readonly deliveryCount: number;
  };
}

/** Looks a header up, whatever the case of its name. */
export type HeaderReader = (name: string) => string | undefined;

/** Reads a message's headers once for all who look: the client's own look-up searches all of them each time. */
export function headerReader({ headers }: Pick<ArrivedMessage, 'headers'>): HeaderReader {
  const values = new Map<string, string>();
  for (const [name, [value]] of headers ?? [])
    if (value !== undefined && !values.has(name.toLowerCase())) values.set(name.toLowerCase(), value);
  return (name) => values.get(name);
}
