import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';

/** The headers that say why a message died, beside all of its own. */
export const deadLetterHeaders = {
  reason: 'Postrider-Dead-Reason',
  stream: 'Postrider-Dead-Stream',
  consumer: 'Postrider-Dead-Consumer',
  sequence: 'Postrider-Dead-Sequence',
  deliveries: 'Postrider-Dead-Deliveries',
  subject: 'Postrider-Dead-Subject',
} as const;

/**
 * Copies a message to the dead letters: `dead.<durable>.<original subject>`, its body and headers as they were, and why. The id
 * is made of where it came from, so that burying it twice stores it once. A message that lives for a limited time leaves a
 * letter that ends when it would have; one that is over leaves none.
 *
 * @throws when the stream does not confirm it: then the message must not be terminated
 */
export async function publishDeadLetter(nc: NatsConnection, message: JsMsg, reason: string): Promise<void> {
  const { stream, consumer, streamSequence, deliveryCount } = message.info;
  const subject = originalSubject(message.subject, consumer);
  const headers = createHeaders();
  for (const [name, values] of message.headers ?? []) {
    if (!name.startsWith('Nats-') && !name.startsWith('Postrider-Dead-'))
      for (const value of values) headers.append(name, value);
  }
  headers.set(deadLetterHeaders.reason, headerText(reason));
  headers.set(deadLetterHeaders.stream, stream);
  headers.set(deadLetterHeaders.consumer, consumer);
  headers.set(deadLetterHeaders.sequence, String(streamSequence));
  headers.set(deadLetterHeaders.deliveries, String(deliveryCount));
  headers.set(deadLetterHeaders.subject, subject);
  const secondsLeft = remainingSeconds(message);
  if (secondsLeft !== undefined && secondsLeft < 1) return;
  await jetstream(nc, { timeout: 5_000 }).publish(`dead.${consumer}.${subject}`, message.data, {
    headers,
    msgID: `dlq:${stream}:${consumer}:${streamSequence}`,
    ...(secondsLeft !== undefined && { ttl: `${secondsLeft}s` }),
  });
}

/** A replayed message travels as `<root>.retry.<durable>.<original subject>`; its letter names the original again. */
export function originalSubject(subject: string, durable: string): string {
  const [, retry, name, ...original] = subject.split('.');
  return retry === 'retry' && name === durable ? original.join('.') : subject;
}

function remainingSeconds(message: JsMsg): number | undefined {
  const ttl = /^(\d+)s$/.exec(message.headers?.get('Nats-TTL') ?? '')?.[1];
  if (ttl === undefined) return undefined;
  return Math.floor(Number(ttl) - (Date.now() - message.info.timestampNanos / 1e6) / 1_000);
}

/** Printable ASCII on one line; an error's text may hold anything. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500);
}
