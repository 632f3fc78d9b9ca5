import { expect, test } from 'vitest';
import { type EventToPublish, messageHeaders } from './event-message.ts';

const event: EventToPublish = {
  id: '7',
  eventId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
  messageId: '0192f1a0-7a3b-7c4d-8e5f-60718293a4b5.r1',
  stream: 'THINGS',
  aggregateId: 't 1\r\n',
  type: 'thing.done.v1',
  subject: 'thing.v1.done.t-1',
  headers: {},
  body: '{}',
  recordedAt: new Date('2026-11-24T03:04:05.678Z'),
  expiresAt: null,
};

test('the headers are the envelope, with what the stream deduplicates by, as the server reads them', () => {
  const headers = messageHeaders(event, '/postrider/user', { traceparent: '00-a-b-01' });
  expect([...headers].map(([name, values]) => [name, ...values].join(': '))).toEqual([
    'ce-specversion: 1.0',
    'ce-datacontenttype: application/json',
    'ce-dataschema: /schemas/thing.done.v1.json',
    'ce-id: 0192f1a0-7a3b-7c4d-8e5f-60718293a4b5',
    'ce-source: /postrider/user',
    'ce-type: thing.done.v1',
    'ce-subject: t%201%0D%0A',
    'ce-time: 2026-11-24T03:04:05.678Z',
    'ce-sequence: 7',
    'traceparent: 00-a-b-01',
    'Nats-Msg-Id: 0192f1a0-7a3b-7c4d-8e5f-60718293a4b5.r1',
  ]);
  expect(headers.get('ce-type')).toBe('thing.done.v1');
});

test('what ends has a life in whole seconds, a second at least', () => {
  const lifeOf = (ms: number) =>
    messageHeaders({ ...event, expiresAt: new Date(Date.now() + ms) }, '/postrider/user', {}).get('Nats-TTL');
  expect([lifeOf(90_500), lifeOf(10)]).toEqual(['90s', '1s']);
});

test.each(['00-a\r\nNats-Rollup: all', '00-a\nb', 'a\r'])(
  'a line break would begin another header, so it is refused: %j',
  (traceparent) => {
    expect(() => messageHeaders(event, '/postrider/user', { traceparent })).toThrow(/traceparent .*line break/);
  },
);
