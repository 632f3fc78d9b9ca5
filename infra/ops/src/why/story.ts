import type { AttemptFacts, DurableFacts, EventFacts, Facts, MailFacts } from './facts.ts';
import { serverSaid } from './next/server-said.ts';

/** Something that happened, with what is known about it: a name and a value each. */
export interface Moment {
  readonly at: Date;
  readonly mark: 'plain' | 'good' | 'bad';
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Everything that happened, in the order of its time. Pure. */
export function story({ account, events }: Facts): Moment[] {
  const moments: Moment[] = events.flatMap((event) => [
    eventMoment(event),
    ...deadLetterMoments(event),
    ...(event.mails ?? []).flatMap(mailMoments),
  ]);
  if (account !== undefined)
    moments.unshift({
      at: account.registeredAt,
      mark: 'plain',
      title: 'Registered',
      facts: [['account', account.userId]],
    });
  return moments.toSorted((a, b) => a.at.getTime() - b.at.getTime());
}

type Fact = Moment['facts'][number];

function eventMoment(event: EventFacts): Moment {
  const { id, type, traceId, outbox, messages = [] } = event;
  const facts: Fact[] = [
    ['event', id],
    ...(outbox === undefined ? [] : [['outbox', outboxInWords(outbox)] as const]),
    ...messages.map(
      ({ stream, sequence, at }) => ['stream', `${stream} #${sequence}, +${between(event.recordedAt, at)}`] as const,
    ),
    ...event.durables.flatMap(durableInWords),
    ...(traceId === undefined ? [] : [['trace', traceId] as const]),
  ];
  return { at: event.recordedAt, mark: outbox?.state === 'parked' ? 'bad' : 'plain', title: type, facts };
}

function outboxInWords(outbox: NonNullable<EventFacts['outbox']>): string {
  if (outbox.state === 'parked') return `parked at ${outbox.parkedAt.toISOString()}: ${outbox.reason}`;
  return outbox.state === 'pending' ? 'pending: not published yet' : 'published';
}

function durableInWords({ durable, position }: DurableFacts): Fact[] {
  if (position === undefined) return [];
  const { state, undelivered, unacknowledged, redelivered } = position;
  const inWords = {
    done: 'done with it',
    'under way': `delivered, not known to be done (${unacknowledged} unacknowledged, ${redelivered} of them delivered again)`,
    waits: `not delivered yet (${undelivered} wait)`,
  };
  return [['consumer', `${durable}: ${inWords[state]}`]];
}

function deadLetterMoments({ deadLetters }: EventFacts): Moment[] {
  return deadLetters.map(({ at, stream, sequence, durable, deliveries, reason }) => ({
    at,
    mark: 'bad',
    title: 'Dead letter',
    facts: [
      ['stream', `${stream} #${sequence}`],
      ['consumer', `${durable}, after ${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}`],
      ['reason', reason],
    ],
  }));
}

function mailMoments(mail: MailFacts): Moment[] {
  const { id, state, reason, class: mailClass, acceptedAt, attempts, deliveryFacts } = mail;
  const inState = state === 'sent' || reason === undefined ? state : `${state}: ${reason}`;
  const accepted: Moment = {
    at: acceptedAt,
    mark: 'plain',
    title: `Mail ${mail.mail}`,
    facts: [
      ['mail', id],
      ['class', mailClass],
      ['state', inState],
    ],
  };
  const facts = deliveryFacts.map(({ at, type, stream, sequence }): Moment => ({
    at,
    mark: type === 'email.sent.v1' ? 'good' : 'bad',
    title: type,
    facts: [['stream', `${stream} #${sequence}`]],
  }));
  return [accepted, ...attempts.map(attemptMoment), ...facts];
}

function attemptMoment(attempt: AttemptFacts): Moment {
  const { number, startedAt, endedAt, outcome, reason } = attempt;
  const said = serverSaid(attempt);
  const duration = endedAt === undefined ? '' : `, after ${between(startedAt, endedAt)}`;
  return {
    at: startedAt,
    mark: outcome === 'sent' ? 'good' : outcome === undefined ? 'plain' : 'bad',
    title: `Attempt ${number}`,
    facts: [
      ['outcome', outcome === undefined ? 'none yet' : `${outcome}${duration}`],
      ['server', said === undefined ? 'said nothing' : `said ${said}`],
      ...(outcome === 'sent' || reason === undefined ? [] : [['reason', reason] as const]),
    ],
  };
}

function between(from: Date, to: Date): string {
  const ms = Math.max(0, to.getTime() - from.getTime());
  return ms < 10_000 ? `${ms} ms` : ms < 600_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
