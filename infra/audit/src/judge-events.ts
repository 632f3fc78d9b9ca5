import { explainAbsence } from './absence.ts';
import type { CommittedEvent, ConsumerState, DeadLetter, EventLog, Facts, StreamMessage } from './facts.ts';
import type { Finding } from './judge.ts';
import { matchesFilter } from './matches-filter.ts';

/** Where an event is, seen from one consumer. `lost` and `no effect` are nobody's explanation. */
export type Place = 'consumed' | 'waiting' | 'parked' | 'deadLettered' | 'expired' | 'lost' | 'no effect';

export interface ConsumerAccount {
  readonly durable: string;
  readonly stream: string;
  readonly committed: number;
  readonly consumed: number;
  readonly waiting: number;
  readonly parked: number;
  readonly deadLettered: number;
  readonly expired: number;
  readonly unexplained: number;
  /** Deliveries beyond the first of each message, since the consumer was made. */
  readonly redeliveries: number;
}

export interface EventJudgement {
  readonly accounts: readonly ConsumerAccount[];
  readonly findings: readonly Finding[];
  /** By event id, for the consumers whose events owe mails. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Accounts for every committed event at every consumer that its subject concerns. */
export function judgeEvents(facts: Facts): EventJudgement {
  const accounts: ConsumerAccount[] = [];
  const findings: Finding[] = [];
  const places = new Map<string, Place>();
  const mailed = new Set(facts.ledger?.mails.map(({ eventId }) => eventId));
  for (const consumer of facts.consumers) {
    const witness = { ...witnessOf(facts, consumer), mailed };
    const tally = new Map<Place, number>();
    for (const log of facts.logs) {
      for (const event of log.events) {
        if (
          event.stream !== consumer.stream ||
          !consumer.filters.some((filter) => matchesFilter(filter, event.subject))
        )
          continue;
        const place = placeOf(event, consumer, witness, log);
        tally.set(place, (tally.get(place) ?? 0) + 1);
        if (consumer.owesMails) places.set(event.id, place);
        // A lost event is the stream's finding: one loss, however many consumers miss it.
        if (place === 'no effect') findings.push(noEffect(event, consumer));
      }
    }
    accounts.push(accountOf(consumer, tally, witness.messages));
  }
  return { accounts, findings, places };
}

interface Witness {
  readonly messages: readonly StreamMessage[];
  readonly byEvent: ReadonlyMap<string, readonly StreamMessage[]>;
  readonly letters: ReadonlySet<string>;
  /** Events that the ledger of mails knows. */
  readonly mailed: ReadonlySet<string>;
  readonly absence: (event: CommittedEvent, log: EventLog) => boolean;
}

function witnessOf({ streams, deadLetters }: Facts, consumer: ConsumerState): Omit<Witness, 'mailed'> {
  const stream = streams.find(({ name }) => name === consumer.stream);
  const messages =
    stream?.messages.filter(({ subject }) => consumer.filters.some((filter) => matchesFilter(filter, subject))) ?? [];
  const isOurs = ({ durable, stream: from }: DeadLetter): boolean =>
    durable === consumer.durable && from === consumer.stream;
  return {
    messages,
    byEvent: Map.groupBy(messages, ({ eventId }) => eventId),
    letters: new Set(deadLetters.filter(isOurs).map(({ eventId }) => eventId)),
    absence: (event, log) => explainAbsence(event, stream, log) !== undefined,
  };
}

function placeOf(event: CommittedEvent, consumer: ConsumerState, witness: Witness, log: EventLog): Place {
  if (witness.letters.has(event.id)) return 'deadLettered';
  const isDone = consumer.owesMails ? witness.mailed.has(event.id) : undefined;
  if (isDone === true) return 'consumed';
  const messages = witness.byEvent.get(event.id);
  if (messages === undefined) {
    if (event.place === 'pending') return 'waiting';
    if (event.place === 'parked') return 'parked';
    return witness.absence(event, log) ? 'expired' : 'lost';
  }
  if (messages.some(({ sequence }) => sequence > consumer.ackFloor)) return 'waiting';
  if (isDone === undefined) return 'consumed';
  return witness.absence(event, log) ? 'expired' : 'no effect';
}

function noEffect({ id, type }: CommittedEvent, { durable }: ConsumerState): Finding {
  return {
    kind: 'no effect',
    id,
    text: `${durable} acknowledged ${type}, and there is neither a mail in the ledger nor a dead letter.`,
  };
}

function accountOf(
  { durable, stream, delivered, deliveries }: ConsumerState,
  tally: ReadonlyMap<Place, number>,
  messages: readonly StreamMessage[],
): ConsumerAccount {
  const of = (place: Place): number => tally.get(place) ?? 0;
  const once = messages.filter(({ sequence }) => sequence <= delivered).length;
  return {
    durable,
    stream,
    committed: tally.values().reduce((sum, count) => sum + count, 0),
    consumed: of('consumed'),
    waiting: of('waiting'),
    parked: of('parked'),
    deadLettered: of('deadLettered'),
    expired: of('expired'),
    unexplained: of('lost') + of('no effect'),
    redeliveries: Math.max(0, deliveries - once),
  };
}
