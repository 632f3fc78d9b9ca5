import { explainAbsence } from './absence.ts';
import type { EventLog, Facts, StreamContents, StreamMessage } from './facts.ts';
import type { Finding } from './judge.ts';

/** What the logs say about a stream, and what is in it. */
export interface StreamAccount {
  readonly stream: string;
  readonly committed: number;
  readonly stored: number;
  readonly waiting: number;
  readonly parked: number;
  /** Gone by TTL, age or erasure. */
  readonly expired: number;
  /** Messages that repeat an event: absorbed by consumers. */
  readonly duplicates: number;
  /** Messages that were published again on purpose, under another message id. */
  readonly repaired: number;
  readonly unexplained: number;
}

/** Every published event is in its stream, or its absence is explained; nothing is in a stream that was not committed; order holds. */
export function judgeStreams({ logs, streams }: Facts): { accounts: StreamAccount[]; findings: Finding[] } {
  const results = streams.map((stream) => judgeStream(stream, logs));
  return { accounts: results.map(({ account }) => account), findings: results.flatMap(({ findings }) => findings) };
}

/** A replay for one durable is on a subject of its own: it repeats an event on purpose, out of order. */
export function isReplay(subject: string): boolean {
  return subject.split('.')[1] === 'retry';
}

function judgeStream(
  stream: StreamContents,
  logs: readonly EventLog[],
): { account: StreamAccount; findings: Finding[] } {
  const messages = stream.messages.filter(({ subject }) => !isReplay(subject));
  const stored = new Set(messages.map(({ eventId }) => eventId));
  const count = { committed: 0, stored: 0, waiting: 0, parked: 0, expired: 0 };
  const findings: Finding[] = [];
  for (const log of logs) {
    for (const event of log.events) {
      if (event.stream !== stream.name) continue;
      count.committed++;
      if (stored.has(event.id)) count.stored++;
      else if (event.place === 'pending') count.waiting++;
      else if (event.place === 'parked') count.parked++;
      else if (explainAbsence(event, stream, log) !== undefined) count.expired++;
      else
        findings.push({
          kind: 'lost event',
          id: event.id,
          text: `${event.type} (number ${event.number}) was published and is not in ${stream.name}.`,
        });
    }
  }
  const unexplained = findings.length;
  findings.push(...neverCommitted(stream.name, messages, logs), ...outOfOrder(stream.name, messages));
  const repaired = messages.filter(({ messageId, eventId }) => messageId !== eventId).length;
  const duplicates = messages.length - stored.size;
  return { account: { stream: stream.name, ...count, duplicates, repaired, unexplained }, findings };
}

function neverCommitted(stream: string, messages: readonly StreamMessage[], logs: readonly EventLog[]): Finding[] {
  const known = new Set(logs.flatMap(({ events }) => events.map(({ id }) => id)));
  const isExplained = ({ eventId, recordedAt }: StreamMessage): boolean =>
    known.has(eventId) || logs.some((log) => log.committedLater.has(eventId) || recordedAt < log.keptSince);
  return messages
    .filter((message) => !isExplained(message))
    .map(({ eventId, sequence }) => ({
      kind: 'never committed',
      id: eventId,
      text: `${stream} holds at ${sequence} an event that no log knows.`,
    }));
}

/** What was published again under another message id comes when it comes. */
function outOfOrder(stream: string, messages: readonly StreamMessage[]): Finding[] {
  const findings: Finding[] = [];
  const highest = new Map<string, number>();
  const seen = new Set<string>();
  for (const { eventId, messageId, aggregateId, number, sequence } of messages) {
    if (number === undefined || messageId !== eventId || seen.has(eventId)) continue;
    seen.add(eventId);
    const before = highest.get(aggregateId) ?? 0;
    if (number < before)
      findings.push({
        kind: 'out of order',
        id: eventId,
        text: `${stream} has number ${number} of its aggregate at ${sequence}, after number ${before}.`,
      });
    highest.set(aggregateId, Math.max(before, number));
  }
  return findings;
}
