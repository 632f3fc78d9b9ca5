import { expect, test } from 'vitest';
import { z } from 'zod';
import { challengeEvents } from './challenge-events.ts';
import { defineEvent } from './define-event.ts';
import { emailEvents } from './email-events.ts';
import { fromHeaders, parseData, toHeaders } from './envelope.ts';
import { userEvents } from './user-events.ts';

const somethingHappened = defineEvent({
  name: 'thing.happened_twice',
  version: 2,
  stream: 'THINGS',
  aggregate: 'thingId',
  description: 'A thing happened.',
  schema: z.object({ thingId: z.string(), count: z.int() }),
  pii: [],
  sample: { thingId: 't-1', count: 2 },
});

test('type, subject, filter and schema path derive from name, version and aggregate', () => {
  const event = somethingHappened.create({ thingId: 't-1', count: 2 }, { expiresAt: new Date('2026-01-02T03:04:05Z') });
  expect(somethingHappened).toMatchObject({
    type: 'thing.happened_twice.v2',
    root: 'thing',
    filter: 'thing.v2.happened_twice.*',
    schemaPath: '/schemas/thing.happened_twice.v2.json',
  });
  expect(event).toEqual({
    stream: 'THINGS',
    type: 'thing.happened_twice.v2',
    subject: 'thing.v2.happened_twice.t-1',
    aggregateId: 't-1',
    payload: { thingId: 't-1', count: 2 },
    expiresAt: '2026-01-02T03:04:05.000Z',
  });
});

test('an event that breaks its contract can not be made', () => {
  expect(() => somethingHappened.create({ thingId: 't-1', count: 1.5 })).toThrow(z.ZodError);
});

test.each(['a.b', 'a b', '', '*', '>', 'a\n'])(
  'an aggregate id that would change the subject is refused: %j',
  (thingId) => {
    expect(() => somethingHappened.create({ thingId, count: 1 })).toThrow(/can't end a subject/);
  },
);

test.each([...userEvents, ...challengeEvents, ...emailEvents].map((contract) => [contract.type, contract] as const))(
  'the golden sample of %s is what its contract takes',
  (_type, contract) => {
    const body = new TextEncoder().encode(JSON.stringify({ ...contract.sample, unknownToUs: true }));
    expect(parseData(contract, body)).toEqual(contract.sample);
    for (const member of contract.pii) expect(Object.keys(contract.schema.shape)).toContain(member);
  },
);

test('an envelope survives the headers, whatever its values hold', () => {
  const envelope = {
    id: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    source: '/postrider/user',
    type: 'thing.happened_twice.v2',
    subject: 'ä "quoted" 100% \r\n😀',
    time: '2026-11-24T03:04:05.678Z',
    sequence: '42',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const headers = toHeaders(envelope);
  for (const value of Object.values(headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
  expect(headers).toMatchObject({ 'ce-specversion': '1.0', 'ce-dataschema': '/schemas/thing.happened_twice.v2.json' });
  expect(fromHeaders((name) => headers[name])).toEqual(envelope);
});

test('headers without an envelope are a contract violation that names what is missing', () => {
  expect(() => fromHeaders(() => undefined)).toThrow(/id: .*type: .*time: /);
});

test.each([
  ['no JSON', 'not json'],
  ['a missing field', '{"thingId":"t-1"}'],
  ['another type', '{"thingId":"t-1","count":"2"}'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
])('a body with %s is a contract violation that repeats no value', (_what, body) => {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  expect(() => parseData(somethingHappened, bytes)).toThrow(/thing\.happened_twice\.v2/);
});
