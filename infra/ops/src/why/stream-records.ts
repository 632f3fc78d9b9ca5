import { challengeEvents, userEvents } from '@postrider/contracts';
import type { ConsumerInfo } from '@nats-io/jetstream';
import { z } from 'zod';
import type { StoredMessage, Streams } from '../nats.ts';
import { timeOfUuid } from '../event-id.ts';
import type { Asked } from './facts.ts';

/** What the streams know of a person, or of one event. */
export interface StreamRecords {
  /** Events and their repetitions for one durable, in the order they were stored. */
  readonly messages: readonly StoredMessage[];
  readonly deadLetters: readonly StoredMessage[];
  /** By stream: who reads it. */
  readonly consumers: ReadonlyMap<string, readonly ConsumerInfo[]>;
}

/** How many messages are read where no index helps. */
const scanLimit = 20_000;

/** The streams of a person's events, and the first token of their subjects. */
const sources = [
  ...new Map([...userEvents, ...challengeEvents].map(({ stream, root }) => [stream, { stream, root }])).values(),
];

/** @param userId as the database knows it; undefined where it does not, or can't be asked: then the streams are searched */
export async function readStreams(streams: Streams, asked: Asked, userId: string | undefined): Promise<StreamRecords> {
  const person = userId ?? (await findPerson(streams, asked));
  const isAsked = (message: StoredMessage): boolean =>
    asked.kind === 'address' || message.header('ce-id') === asked.eventId;
  const read = async (stream: string, subjects: readonly string[]): Promise<StoredMessage[]> => {
    if (person === undefined) return [];
    const pages = await Promise.all(subjects.map((subject) => streams.bySubject(stream, subject)));
    return pages.flat().filter(isAsked);
  };
  const messages = await Promise.all(
    sources.map(({ stream, root }) => {
      const original = `${root}.*.*.${person}`;
      return read(stream, [original, `${root}.retry.*.${original}`]);
    }),
  );
  const deadLetters = await read(
    'DEAD_LETTERS',
    sources.map(({ root }) => `dead.*.${root}.*.*.${person}`),
  );
  return { messages: messages.flat(), deadLetters, consumers: await readConsumers(streams) };
}

/** Delivery facts about mails, by mail id. */
export async function readDeliveryFacts(
  streams: Streams,
  mailIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredMessage[]>> {
  const pages = await Promise.all(
    mailIds.map(async (id) => [id, await streams.bySubject('EMAIL_EVENTS', `email.*.*.${id}`)] as const),
  );
  return new Map(pages);
}

async function readConsumers({ manager }: Streams): Promise<ReadonlyMap<string, readonly ConsumerInfo[]>> {
  const all = new Map<string, ConsumerInfo[]>();
  for (const { stream } of sources) {
    const consumers: ConsumerInfo[] = [];
    for await (const consumer of manager.consumers.list(stream)) consumers.push(consumer);
    all.set(stream, consumers);
  }
  return all;
}

/** An event's id holds the time it was recorded, so that only what was stored from then on is read; an address is looked for among the newest. */
async function findPerson(streams: Streams, asked: Asked): Promise<string | undefined> {
  for (const { stream } of sources) {
    const found =
      asked.kind === 'event'
        ? await streams.scan(
            stream,
            { from: timeOfUuid(asked.eventId) ?? 'the latest', limit: scanLimit },
            (message) => message.header('ce-id') === asked.eventId,
          )
        : await streams.scan(
            stream,
            { from: 'the latest', limit: scanLimit },
            (message) => emailOf(message) === asked.address,
          );
    const person = found.at(-1)?.header('ce-subject');
    if (person !== undefined) return person;
  }
  return undefined;
}

const withEmail = z.object({ email: z.string() });

function emailOf(message: StoredMessage): string | undefined {
  try {
    return withEmail.safeParse(message.body()).data?.email;
  } catch {
    return undefined; // Somebody may have published by hand what is no JSON.
  }
}
