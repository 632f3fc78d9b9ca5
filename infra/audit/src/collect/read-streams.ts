import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { deadLetterHeaders } from '@postrider/messaging';
import type { DeadLetter, StreamContents, StreamMessage } from '../facts.ts';

/** Every message of a stream, by its headers: bodies may hold what an auditor need not see. A missing stream is an empty one. */
export async function readStream(manager: JetStreamManager, name: string): Promise<StreamContents> {
  const info = await manager.streams.info(name).catch(() => undefined);
  if (info === undefined) return { name, messages: [] };
  const messages: StreamMessage[] = [];
  await readHeaders(manager, name, (message) => messages.push(toStreamMessage(message)));
  const maxAgeMs = info.config.max_age / 1e6;
  return { name, messages, ...(maxAgeMs > 0 && { maxAgeMs }) };
}

/** The dead letters, by what they are letters of. */
export async function readDeadLetters(manager: JetStreamManager): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  const info = await manager.streams.info('DEAD_LETTERS').catch(() => undefined);
  if (info === undefined) return letters;
  await readHeaders(manager, 'DEAD_LETTERS', (message) =>
    letters.push({
      durable: header(message, deadLetterHeaders.consumer),
      stream: header(message, deadLetterHeaders.stream),
      sequence: Number(header(message, deadLetterHeaders.sequence)),
      eventId: header(message, 'ce-id'),
    }),
  );
  return letters;
}

/** Up to the message that was the last one at the start; what comes meanwhile is somebody else's audit. */
async function readHeaders(manager: JetStreamManager, stream: string, take: (message: JsMsg) => void): Promise<void> {
  const { last_seq: last, messages } = (await manager.streams.info(stream)).state;
  if (messages === 0) return;
  const consumer = await manager.jetstream().consumers.get(stream, { headers_only: true });
  const batch = await consumer.consume({ max_messages: 1_000 });
  for await (const message of batch) {
    if (message.seq <= last) take(message);
    if (message.seq >= last || message.info.pending === 0) break;
  }
  await batch.close();
  await consumer.delete();
}

function toStreamMessage(message: JsMsg): StreamMessage {
  const eventId = header(message, 'ce-id');
  const number = header(message, 'ce-sequence');
  return {
    sequence: message.seq,
    subject: message.subject,
    eventId,
    messageId: header(message, 'Nats-Msg-Id') || eventId,
    aggregateId: header(message, 'ce-subject'),
    recordedAt: Date.parse(header(message, 'ce-time')),
    ...(number !== '' && { number: Number(number) }),
  };
}

/** Values of CloudEvents attributes are percent-encoded. */
function header({ headers }: JsMsg, name: string): string {
  const value = headers?.get(name) ?? '';
  return name.startsWith('ce-') ? decodeURIComponent(value) : value;
}
