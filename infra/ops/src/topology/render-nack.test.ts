import { atTier, topology } from '@postrider/topology';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { renderNack } from './render-nack.ts';

test('every stream and durable is a resource, with the names and units of NACK', () => {
  const resources = parseAllDocuments(renderNack(atTier(topology, 'T1'))).map((document): unknown => document.toJS());
  expect(resources).toHaveLength(topology.streams.length + topology.consumers.length);
  expect(resources).toContainEqual(
    expect.objectContaining({
      kind: 'Stream',
      metadata: { name: 'user-challenges' },
      spec: expect.objectContaining({ replicas: 3, maxAge: '691200s', allowMsgTtl: true, preventDelete: true }),
    }),
  );
  expect(resources).toContainEqual(
    expect.objectContaining({
      kind: 'Consumer',
      metadata: { name: 'email-challenges' },
      spec: expect.objectContaining({ streamName: 'USER_CHALLENGES', ackWait: '30s', maxAckPending: 5000 }),
    }),
  );
});

test('a setting that NACK has no field for is refused, not left out', () => {
  const streams = [{ name: 'S', subjects: ['s'], mirror_direct: true }];
  expect(() => renderNack({ streams, consumers: [] })).toThrow('NACK has no field for mirror_direct of stream S.');
});
