import { deadLetterHeaders } from '@postrider/messaging';
import type { StoredMessage } from '../nats.ts';
import { durablesOf } from './durables.ts';
import type { MailRow } from './email-database.ts';
import { timeOfUuid } from '../event-id.ts';
import type { Asked, DeadLetter, EventFacts, MailFacts } from './facts.ts';
import type { StreamRecords } from './stream-records.ts';
import type { OutboxRow } from './user-database.ts';

/** What each part answered; undefined where it could not be asked. */
export interface Records {
  readonly outbox: readonly OutboxRow[];
  readonly streams: StreamRecords | undefined;
  readonly mails: readonly MailRow[] | undefined;
  readonly deliveryFacts: ReadonlyMap<string, readonly StoredMessage[]>;
}

/** Joins the parts' records by event id, in the order the events were recorded. An event that one part alone knows is an event as well. Pure. */
export function joinEvents(records: Records, asked: Asked): EventFacts[] {
  const { outbox, streams, mails } = records;
  const ids = new Set([
    ...outbox.map(({ eventId }) => eventId),
    ...(streams?.messages ?? []).flatMap((message) => message.header('ce-id') ?? []),
    ...(mails ?? []).map(({ eventId }) => eventId),
  ]);
  return [...ids]
    .map((id) => joinEvent(id, records))
    .filter(({ id }) => asked.kind === 'address' || id === asked.eventId)
    .toSorted((a, b) => a.recordedAt.getTime() - b.recordedAt.getTime());
}

function joinEvent(id: string, { outbox, streams, mails, deliveryFacts }: Records): EventFacts {
  const row = outbox.find(({ eventId }) => eventId === id);
  const messages = streams?.messages.filter((message) => message.header('ce-id') === id);
  const letters = lettersOf(id, streams);
  const caused = mails?.filter(({ eventId }) => eventId === id);
  const known = fromOutbox(row) ?? fromMessage(messages?.[0]) ?? fromMail(id, caused?.[0]);
  return {
    id,
    ...known,
    outbox: row?.outbox,
    messages: messages?.map(({ stream, sequence, at, subject }) => ({ stream, sequence, at, subject })),
    durables: durablesOf(known.subject, messages, streams?.consumers),
    deadLetters: letters.map(deadLetterOf),
    mails: caused?.map((mail) => mailOf(mail, deliveryFacts.get(mail.id))),
  };
}

type Known = Pick<EventFacts, 'type' | 'subject' | 'recordedAt' | 'expiresAt' | 'traceId'>;

function fromOutbox(row: OutboxRow | undefined): Known | undefined {
  if (row === undefined) return undefined;
  const { type, subject, recordedAt, expiresAt, traceparent } = row;
  return { type, subject, recordedAt, expiresAt: expiresAt ?? undefined, traceId: traceparent?.split('-')[1] };
}

function fromMessage(message: StoredMessage | undefined): Known | undefined {
  if (message === undefined) return undefined;
  const { at, subject, header } = message;
  const recordedAt = new Date(header('ce-time') ?? at);
  const secondsToLive = /^(\d+)s$/.exec(header('Nats-TTL') ?? '')?.[1];
  const expiresAt = secondsToLive && new Date(at.getTime() + Number(secondsToLive) * 1_000);
  return {
    type: header('ce-type') ?? 'unknown',
    subject: originalSubject(subject),
    recordedAt,
    expiresAt: expiresAt || undefined,
    traceId: header('traceparent')?.split('-')[1],
  };
}

/** The ledger remembers longest, and least. */
function fromMail(id: string, mail: MailRow | undefined): Known {
  return {
    type: mail?.eventType ?? 'unknown',
    subject: '',
    recordedAt: timeOfUuid(id) ?? mail?.acceptedAt ?? new Date(0),
  };
}

/** What was sent again to one durable travels as `<root>.retry.<durable>.<original subject>`. */
function originalSubject(subject: string): string {
  const [, retry, , ...original] = subject.split('.');
  return retry === 'retry' ? original.join('.') : subject;
}

function lettersOf(id: string, streams: StreamRecords | undefined): StoredMessage[] {
  return (streams?.deadLetters ?? []).filter((letter) => letter.header('ce-id') === id);
}

function deadLetterOf(letter: StoredMessage): DeadLetter {
  const durable = letter.header(deadLetterHeaders.consumer) ?? '';
  const subject = letter.header(deadLetterHeaders.subject) ?? letter.subject.split('.').slice(2).join('.');
  return {
    stream: letter.stream,
    sequence: letter.sequence,
    at: letter.at,
    durable,
    deliveries: Number(letter.header(deadLetterHeaders.deliveries) ?? 0),
    reason: letter.header(deadLetterHeaders.reason) ?? 'no reason kept',
    retrySubject: `${subject.split('.')[0]}.retry.${durable}.${subject}`,
  };
}

function mailOf({ attempts, ...mail }: MailRow, facts: readonly StoredMessage[] = []): MailFacts {
  return {
    ...present(mail),
    attempts: attempts.map(({ number, startedAt, ...attempt }) => ({ number, startedAt, ...present(attempt) })),
    deliveryFacts: facts.map(({ stream, sequence, at, header }) => ({
      type: header('ce-type') ?? 'unknown',
      stream,
      sequence,
      at,
    })),
  };
}

type Present<T> = { [K in keyof T]: null extends T[K] ? Exclude<T[K], null> | undefined : T[K] };

/** A database's null is our undefined. */
function present<T extends object>(row: T): Present<T> {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? undefined])) as Present<T>; // Key by key the type says just that.
}
