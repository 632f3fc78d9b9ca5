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
