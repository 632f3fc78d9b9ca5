import { jetstream, jetstreamManager, type StoredMsg } from '@nats-io/jetstream';
import { headers as createHeaders, type NatsConnection } from '@nats-io/transport-node';
import { originalSubject, remainingSeconds } from './dead-letters/publish-dead-letter.ts';
import type { MessageSource } from './handler.ts';

/** What a message was published again for: the sequence of the one before it, in the stream of the same name or in DEAD_LETTERS. */
export const retryOfHeader = 'Postrider-Retry-Of';

export interface RetryOptions extends MessageSource {
  /** The event that must stand at that sequence: a stream that was made anew may hold another. */
  readonly eventId: string;
  /** The new message's own; the same one again within the stream's window stores nothing. */
  readonly messageId: string;
}

/**
 * Publishes a stored message again, for its own durable alone: to `<root>.retry.<durable>.<original subject>`, with its body and
 * headers as they were, and no longer life than it has left. What is sealed stays sealed, and what was purged stays gone.
 *
 * @returns false when it is no longer there: expired, purged, or another's place by now
 * @throws when the server does not answer, or does not confirm: call it again with the same id
 */
export async function retryMessage(nc: NatsConnection, options: RetryOptions): Promise<boolean> {
  const { stream, sequence, durable, eventId, messageId } = options;
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const stored = await manager.direct.getMessage(stream, { seq: sequence });
  if (stored === null || stored.header.get('ce-id') !== eventId) return false;
  return publishRetry(nc, { stored, stream, durable, messageId, original: originalSubject(stored.subject, durable) });
}

interface Retry {
  readonly stored: StoredMsg;
  readonly stream: string;
  readonly durable: string;
  readonly original: string;
  readonly messageId: string;
}

async function publishRetry(
  nc: NatsConnection,
  { stored, stream, durable, messageId, original }: Retry,
): Promise<boolean> {
  const secondsLeft = remainingSeconds({ headers: stored.header, storedAtMs: stored.time.getTime() });
  if (secondsLeft !== undefined && secondsLeft < 1) return false;
  const headers = createHeaders();
  for (const [name, values] of stored.header)
    if (!name.startsWith('Nats-')) for (const value of values) headers.append(name, value);
  headers.set(retryOfHeader, String(stored.seq));
  await jetstream(nc, { timeout: 5_000 }).publish(retrySubject(original, durable), stored.data, {
    headers,
    msgID: messageId,
    expect: { streamName: stream },
    ...(secondsLeft !== undefined && { ttl: `${secondsLeft}s` }),
  });
  return true;
}

/** Where only that durable listens. */
export function retrySubject(original: string, durable: string): string {
  const root = original.slice(0, original.indexOf('.'));
  return `${root}.retry.${durable}.${original}`;
}
