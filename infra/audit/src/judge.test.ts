import { expect, test } from 'vitest';
import type { CommittedEvent, ConsumerState, Facts, LedgerMail, StreamMessage } from './facts.ts';
import { messageIdOf } from './judge-mails.ts';
import { judge } from './judge.ts';
import { verdictTable } from './verdict-table.ts';

const now = 1_000_000_000;

test('a system in which every event became its mail has nothing unexplained', () => {
  const verdict = judge(world());
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.consumers[0]).toMatchObject({ committed: 3, consumed: 3, waiting: 0, unexplained: 0 });
  expect(verdict.mails).toMatchObject({ owed: 3, sent: 3, waiting: 0, extraCopies: 0 });
  expect(verdictTable(verdict)).toContain('Unexplained: 0');
});

test('catches an event that was published and is in no stream', () => {
  const facts = world();
  const verdict = judge({
    ...facts,
    streams: [{ name: 'S', messages: messages().filter(({ number }) => number !== 2) }],
  });
  expect(kinds(verdict)).toEqual(['lost event']);
});

test('a lost event that also reached nobody counts at its consumer, once as a finding', () => {
  const facts = without(world(), 2);
  const verdict = judge({
    ...facts,
    streams: [{ name: 'S', messages: messages().filter(({ number }) => number !== 2) }],
  });
  expect(kinds(verdict)).toEqual(['lost event']);
  expect(verdict.consumers[0]).toMatchObject({ committed: 3, consumed: 2, unexplained: 1 });
  expect(verdict.mails).toMatchObject({ owed: 3, sent: 2, unexplained: 1 });
});

test.each([
  ['expired', { expiresAt: now - 1 }, {}],
  ['went by age', { recordedAt: now - 10_000 }, { maxAgeMs: 5_000 }],
  ['was erased', {}, { erasedAggregates: new Set(['a']) }],
])('an absent event that %s is not lost', (_why, event, stream) => {
  const facts = without(world(), 1);
  const verdict = judge({
    ...facts,
    logs: [log(events().map((one) => (one.number === 1 ? { ...one, ...event } : one)))],
    streams: [{ name: 'S', messages: messages().slice(1), ...stream }],
  });
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.consumers[0]).toMatchObject({ consumed: 2, expired: 1 });
  expect(verdict.mails).toMatchObject({ sent: 2, expired: 1 });
});

test('what is pending waits, what is parked is parked, what died is a dead letter', () => {
  const places = ['pending', 'parked', 'published'] as const;
  const verdict = judge({
    ...world(),
    logs: [log(events().map((event, index) => ({ ...event, place: places[index] ?? 'published' })))],
    streams: [{ name: 'S', messages: messages().slice(2) }],
    deadLetters: [{ durable: 'email-x', stream: 'S', sequence: 3, eventId: 'e3' }],
    ledger: { takenAt: now, mails: [] },
    mailbox: [],
  });
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.consumers[0]).toMatchObject({ consumed: 0, waiting: 1, parked: 1, deadLettered: 1 });
  expect(verdict.mails).toMatchObject({ owed: 3, waiting: 2, failed: 1 });
});

test('an event beyond the acknowledged ones waits', () => {
  const facts = without(world(), 3);
  const verdict = judge({ ...facts, consumers: [{ ...consumer, ackFloor: 2 }] });
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.consumers[0]).toMatchObject({ consumed: 2, waiting: 1 });
});

test('catches an acknowledgement without effect', () => {
  expect(kinds(judge(without(world(), 2)))).toEqual(['no effect']);
});

test('a consumer that owes no mails is believed its acknowledgement', () => {
  const verdict = judge({
    ...without(world(), 2),
    consumers: [{ ...consumer, owesMails: false }],
    ledger: { takenAt: now, mails: [] },
    mailbox: [],
  });
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.consumers[0]).toMatchObject({ consumed: 3 });
});

test('catches an event that overtook an earlier one of its aggregate', () => {
  const [first, second, third] = messages();
  const swapped = [second, first, third].flatMap((one, index) => (one ? [{ ...one, sequence: index + 1 }] : []));
  const verdict = judge({ ...world(), streams: [{ name: 'S', messages: swapped }] });
  expect(kinds(verdict)).toEqual(['out of order']);
});

test('a duplicate that comes late, and a repaired event, are out of nobody’s order', () => {
  const [first] = messages();
  const again = first
    ? [
        { ...first, sequence: 4 },
        { ...first, sequence: 5, messageId: 'e1.r1' },
      ]
    : [];
  const verdict = judge({ ...world(), streams: [{ name: 'S', messages: [...messages(), ...again] }] });
  expect(verdict.unexplained).toEqual([]);
  expect(verdict.streams[0]).toMatchObject({ stored: 3, duplicates: 2, repaired: 1 });
});

test('catches a message that nobody committed, unless it was committed after the log was read', () => {
  const stray = { ...(messages()[0] as StreamMessage), sequence: 4, eventId: 'e9', messageId: 'e9', number: 9 };
  const facts = { ...world(), streams: [{ name: 'S', messages: [...messages(), stray] }] };
  expect(kinds(judge(facts))).toEqual(['never committed']);
  expect(judge({ ...facts, logs: [{ ...log(), committedLater: new Set(['e9']) }] }).unexplained).toEqual([]);
});

test('catches a mail that was sent twice without an ambiguous attempt', () => {
  const facts = world();
  const verdict = judge({ ...facts, mailbox: [...(facts.mailbox ?? []), copyOf('e1')] });
  expect(kinds(verdict)).toEqual(['doubled mail']);
});

test.each([
  ['security', 1, []],
  ['security', 2, ['doubled mail']],
  ['notice', 1, ['doubled mail']],
])('a %s mail with an ambiguous attempt and %i extra copies: %j', (mailClass, extra, expected) => {
  const facts = world();
  const mails = (facts.ledger?.mails ?? []).map((mail) =>
    mail.eventId === 'e1' ? { ...mail, class: mailClass, attempts: ['ambiguous', 'sent'] } : mail,
  );
  const mailbox = [...(facts.mailbox ?? []), ...Array.from({ length: extra }, () => copyOf('e1'))];
  expect(kinds(judge({ ...facts, ledger: { takenAt: now, mails }, mailbox }))).toEqual(expected);
});

test('catches a mail that is said to be sent and that no server took, and one that the ledger does not know', () => {
  const verdict = judge({ ...world(), mailbox: [copyOf('e1'), copyOf('e2'), { messageId: 'x@y', isAnswered: true }] });
  expect(kinds(verdict)).toEqual(['never taken', 'mail nobody owes']);
});

test('catches two mails for one event, and a mail for no event', () => {
  const facts = world();
  const mails = [...(facts.ledger?.mails ?? []), mail('e1', 'other'), mail('e9')];
  const mailbox = [...(facts.mailbox ?? []), copyOf('other'), copyOf('e9')];
  const verdict = judge({ ...facts, ledger: { takenAt: now, mails }, mailbox });
  expect(kinds(verdict).toSorted()).toEqual(['mail without event', 'two mails for one event']);
});

test('an open mail waits, and is forgotten when nothing will go on with it', () => {
  const waiting = (dueAt: number): Facts => {
    const facts = world();
    const mails = (facts.ledger?.mails ?? []).map((one) =>
      one.eventId === 'e1' ? { ...one, state: 'retry_wait', attempts: ['deferred'], dueAt } : one,
    );
    return { ...facts, ledger: { takenAt: now, mails }, mailbox: [copyOf('e2'), copyOf('e3')] };
  };
  expect(judge(waiting(now + 1)).unexplained).toEqual([]);
  expect(judge(waiting(now + 1)).mails).toMatchObject({ sent: 2, waiting: 1 });
  expect(kinds(judge(waiting(now - 3_600_000)))).toEqual(['forgotten mail']);
});

function kinds(verdict: ReturnType<typeof judge>): string[] {
  return verdict.unexplained.map(({ kind }) => kind);
}

const consumer: ConsumerState = {
  stream: 'S',
  durable: 'email-x',
  filters: ['s.v1.done.*', 's.retry.email-x.>'],
  ackFloor: 3,
  delivered: 3,
  deliveries: 3,
  owesMails: true,
};

/** Three events of two aggregates, each with its message, its mail and its copy. */
function world(): Facts {
  return {
    logs: [log()],
    streams: [{ name: 'S', messages: messages() }],
    consumers: [consumer],
    deadLetters: [],
    ledger: { takenAt: now, mails: [mail('e1'), mail('e2'), mail('e3')] },
    mailbox: [copyOf('e1'), copyOf('e2'), copyOf('e3')],
  };
}

/** The same, but that the event's mail never came to be. */
function without(facts: Facts, number: number): Facts {
  return {
    ...facts,
    ledger: { takenAt: now, mails: (facts.ledger?.mails ?? []).filter(({ eventId }) => eventId !== `e${number}`) },
    mailbox: (facts.mailbox ?? []).filter(({ messageId }) => messageId !== copyOf(`e${number}`).messageId),
  };
}

function log(committed: readonly CommittedEvent[] = events()): Facts['logs'][number] {
  return { service: 'user', takenAt: now, keptSince: now - 100_000, events: committed, committedLater: new Set() };
}

function events(): CommittedEvent[] {
  const common = { stream: 'S', type: 's.done.v1', recordedAt: now - 1_000, place: 'published' } as const;
  return [1, 2, 3].map((number) => {
    const aggregateId = number === 3 ? 'b' : 'a';
    return { ...common, number, id: `e${number}`, aggregateId, subject: `s.v1.done.${aggregateId}` };
  });
}

function messages(): StreamMessage[] {
  return events().map(({ number, id, subject, aggregateId, recordedAt }) => ({
    sequence: number,
    subject,
    eventId: id,
    messageId: id,
    aggregateId,
    recordedAt,
    number,
  }));
}

function mail(eventId: string, key: string = eventId): LedgerMail {
  return {
    id: `m-${key}`,
    key,
    eventId,
    class: 'security',
    state: 'sent',
    acceptedAt: now,
    dueAt: now,
    attempts: ['sent'],
  };
}

function copyOf(key: string): { messageId: string; isAnswered: boolean } {
  return { messageId: `${messageIdOf(key)}@postrider.example`, isAnswered: true };
}
