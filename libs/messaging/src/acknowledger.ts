import type { JsMsg } from '@nats-io/jetstream';

/** Acknowledges messages and has the server confirm it. */
export interface Acknowledger {
  /** Resolves when the server says that it knows; rejects when it does not say so in time. */
  confirm(message: Pick<JsMsg, 'ackAck'>): Promise<void>;
}

/**
 * The theory. The client writes to its socket after every turn of the microtasks, and handlers that end in one turn of the event loop end in
 * many of those: sent one by one, acknowledgements would cost a system call each, here and for the server that answers. So they wait
 * for the end of the turn (microseconds when nothing else is to be done) and leave in one write. Each is still confirmed by itself.
 */
export function createAcknowledger(): Acknowledger {
  let waiting: { message: Pick<JsMsg, 'ackAck'>; settle(confirmed: Promise<unknown>): void }[] = [];
  const send = (): void => {
    const all = waiting;
    waiting = [];
    for (const { message, settle } of all) settle(message.ackAck());
  };
  return {
    async confirm(message) {
      await new Promise<unknown>((resolve) => {
        if (waiting.length === 0) setImmediate(send);
        waiting.push({ message, settle: resolve });
      });
    },
  };
}
