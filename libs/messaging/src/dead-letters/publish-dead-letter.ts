import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { headers as createHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

/** The headers that say why a message died, beside all of its own. */
export const deadLetterHeaders = {
  reason: 'Postrider-Dead-Reason',
  stream: 'Postrider-Dead-Stream',
  consumer: 'Postrider-Dead-Consumer',
  sequence: 'Postrider-Dead-Sequence',
  deliveries: 'Postrider-Dead-Deliveries',
  subject: 'Postrider-Dead-Subject',
} as const;

/** A message that is given up: what it was, and whose deliveries of it were in vain. */
export interface DyingMessage {
  readonly stream: string;
  readonly consumer: string;
  readonly sequence: number;
  readonly deliveries: number;
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  readonly storedAtMs: number;
}

/** The message as its consumer got it. */
export function fromDelivery({ info, subject, headers, data }: JsMsg): DyingMessage {
  const { stream, consumer, streamSequence: sequence, deliveryCount: deliveries, timestampNanos } = info;
  return { stream, consumer, sequence, deliveries, subject, headers, data, storedAtMs: timestampNanos / 1e6 };
}

/**
 * Copies a message to the dead letters: `dead.<durable>.<original subject>`, its body and headers as they were, and why. The id
 * is made of where it came from, so that burying it twice stores it once. A message that lives for a limited time leaves a
 * letter that ends when it would have; one that is over leaves none.
 *
 * @throws when the stream does not confirm it: then the message must not be terminated
 */
export async function publishDeadLetter(nc: NatsConnection, message: DyingMessage, reason: string): Promise<void> {
  const { stream, consumer, sequence, deliveries } = message;
  const subject = originalSubject(message.subject, consumer);
  const headers = createHeaders();
  for (const [name, values] of message.headers ?? []) {
    if (!name.startsWith('Nats-') && !name.startsWith('Postrider-Dead-'))
      for (const value of values) headers.append(name, value);
  }
  headers.set(deadLetterHeaders.reason, headerText(reason));
  headers.set(deadLetterHeaders.stream, stream);
  headers.set(deadLetterHeaders.consumer, consumer);
  headers.set(deadLetterHeaders.sequence, String(sequence));
  headers.set(deadLetterHeaders.deliveries, String(deliveries));
  headers.set(deadLetterHeaders.subject, subject);
  const secondsLeft = remainingSeconds(message);
  if (secondsLeft !== undefined && secondsLeft < 1) return;
  await jetstream(nc, { timeout: 5_000 }).publish(`dead.${consumer}.${subject}`, message.data, {
    headers,
    msgID: `dlq:${stream}:${consumer}:${sequence}`,
    ...(secondsLeft !== undefined && { ttl: `${secondsLeft}s` }),
  });
}

/** A replayed message travels as `<root>.retry.<durable>.<original subject>`; its letter names the original again. */
export function originalSubject(subject: string, durable: string): string {
  const [, retry, name, ...original] = subject.split('.');
  return retry === 'retry' && name === durable ? original.join('.') : subject;
}

/** What is left of the life of a message that has a limited one. */
export function remainingSeconds({
  headers,
  storedAtMs,
}: Pick<DyingMessage, 'headers' | 'storedAtMs'>): number | undefined {
  const ttl = /^(\d+)s$/.exec(headers?.get('Nats-TTL') ?? '')?.[1];
  if (ttl === undefined) return undefined;
  return Math.floor(Number(ttl) - (Date.now() - storedAtMs) / 1_000);
}

/** Printable ASCII on one line; an error's text may hold anything. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
