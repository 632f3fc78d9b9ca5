import type { StreamAPI, StoredMsg } from '@nats-io/jetstream';

export interface SequenceSource {
  readonly stream: string;
  /** The subjects whose messages carry the numbers. */
  readonly subject: string;
}

/**
 * The highest `ce-sequence` at the end of a stream. The last message need not hold it: several are published at once, and what the stream
 * lost, or waited behind a refused event, comes late with a low number. So some way back is looked at, and further over what was published
 * again, which a message id other than the event's tells.
 */
export async function highestSequence(
  streams: StreamAPI,
  { stream, subject }: SequenceSource,
): Promise<string | undefined> {
  let highest: bigint | undefined;
  let firsts = 0;
  for await (const message of backwards(streams, stream, subject)) {
    const number = numberOf(message);
    if (number === undefined) continue; // No event.
    if (highest === undefined || number > highest) highest = number;
    if (message.header.get('Nats-Msg-Id') === message.header.get('ce-id')) firsts++;
    if (firsts === firstsToSee) break;
  }
  return highest?.toString();
}

const firstsToSee = 100;
const furthest = 5_000;

/** From the last message of the subject on, whatever their subjects, leaving out holes. */
async function* backwards(streams: StreamAPI, stream: string, subject: string): AsyncGenerator<StoredMsg> {
  const last = await streams.getMessage(stream, { last_by_subj: subject });
  if (last === null) return;
  yield last;
  for (let seq = last.seq - 1; seq > Math.max(0, last.seq - furthest); seq--) {
    const message = await streams.getMessage(stream, { seq });
    if (message !== null) yield message;
  }
}

function numberOf({ header }: StoredMsg): bigint | undefined {
  const text = header.get('ce-sequence');
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}
