import { jetstream } from '@nats-io/jetstream';
import { connectNats } from '@postrider/messaging';
import { pino } from 'pino';
import { z } from 'zod';

export interface StoredMark {
  readonly aggregateId: string;
  readonly mark: string;
}

const body = z.object({ userId: z.string(), displayName: z.string() });

/** What USER_EVENTS holds of the events of a scenario, in the order of the stream, copies included. */
export async function readMarks(operatorUrl: string): Promise<StoredMark[]> {
  await using nats = connectNats({ url: operatorUrl, name: 'chaos', log: pino({ level: 'silent' }) });
  const consumer = await jetstream(await nats.first()).consumers.get('USER_EVENTS', {});
  const marks: StoredMark[] = [];
  const { num_pending: total } = await consumer.info();
  if (total === 0) return marks;
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    const { userId, displayName } = body.parse(message.json());
    marks.push({ aggregateId: userId, mark: displayName });
    if (message.info.pending === 0) break;
  }
  return marks;
}
