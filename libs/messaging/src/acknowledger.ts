import type { JsMsg } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { Nats } from './connect.ts';

/** Acknowledges messages and has the server confirm it. */
export interface Acknowledger extends Disposable {
  /** Resolves when the server says that it knows; rejects when it does not say so in time. */
  confirm(message: JsMsg): Promise<void>;
}

/**
 * The theory. The client writes to its socket after every turn of the microtasks, and handlers that end in one turn of the event loop end in
 * many of those: sent one by one, acknowledgements would cost a system call each, here and for the server that answers. So they wait
 * for the end of the turn (microseconds when nothing else is to be done) and leave in one write. Each is still confirmed by itself.
 *
 * They are confirmed to an inbox of our own: the client's `ackAck` costs a timer, three promises and an error with its stack for each, a
 * sixth of a subscription's CPU. A confirmation that is lost with its connection times out, and the message is delivered again.
 */
export function createAcknowledger(nats: Pick<Nats, 'current' | 'inboxPrefix'>, timeoutMs = 5_000): Acknowledger {
  let ended: Ended[] = [];
  /** By token, those that were sent first in front: they also time out first. */
  const sent = new Map<string, Sent>();
  let timer: NodeJS.Timeout | undefined;
  let lastToken = 0;

  const receive = (message: Msg): void => {
    const token = message.subject.slice(message.subject.lastIndexOf('.') + 1);
    const confirmed = sent.get(token);
    sent.delete(token);
    if (message.headers?.code === 503) confirmed?.reject(new Error('Nobody is there to take the acknowledgement.'));
    else confirmed?.resolve();
  };
  const inbox = createOwnInbox(nats, receive);
  const giveUp = (): void => {
    timer = undefined;
    for (const [token, { sentAt, reject }] of sent) {
      const leftMs = sentAt + timeoutMs - performance.now();
      if (leftMs > 0) {
        timer = setTimeout(giveUp, leftMs);
        return;
      }
      sent.delete(token);
      reject(new Error('The server did not confirm the acknowledgement in time.'));
    }
  };
  const send = (): void => {
    const all = ended;
    ended = [];
    const sentAt = performance.now();
    for (const { subject, resolve, reject } of all) {
      try {
        const { connection, subject: inboxSubject } = inbox.open();
        const token = (++lastToken).toString(36);
        connection.publish(subject, '+ACK', { reply: `${inboxSubject}.${token}` });
        sent.set(token, { sentAt, resolve, reject });
      } catch (error) {
        reject(error);
      }
    }
    timer ??= setTimeout(giveUp, timeoutMs);
  };
  return {
    async confirm(message) {
      const { reply: subject } = message as JsMsg & { readonly reply: string }; // There, though its type hides it.
      await new Promise<void>((resolve, reject) => {
        if (ended.length === 0) setImmediate(send);
        ended.push({ subject, resolve, reject });
      });
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      inbox.close();
    },
  };
}

/** Subscribed on the connection of the moment, when it is first needed. */
function createOwnInbox(
  nats: Pick<Nats, 'current' | 'inboxPrefix'>,
  receive: (message: Msg) => void,
): { open(): Inbox; close(): void } {
  let inbox: Inbox | undefined;
  return {
    open() {
      const connection = nats.current();
      if (connection === undefined) throw new Error('NATS is not connected.');
      if (inbox?.connection === connection && !inbox.subscription.isClosed()) return inbox;
      const subject = createInbox(nats.inboxPrefix);
      const callback = (error: Error | null, message: Msg): void => void (error ?? receive(message));
      inbox = { connection, subject, subscription: connection.subscribe(`${subject}.*`, { callback }) };
      return inbox;
    },
    close: () => inbox?.subscription.unsubscribe(),
  };
}

/** A message whose handler has ended. */
interface Ended {
  /** Where acknowledgements of it go. */
  readonly subject: string;
  resolve(): void;
  reject(error: unknown): void;
}

interface Sent extends Omit<Ended, 'subject'> {
  readonly sentAt: number;
}

interface Inbox {
  readonly connection: NatsConnection;
  readonly subject: string;
  readonly subscription: Subscription;
}
