import { expect, test } from 'vitest';
import { continueTrace } from './trace.ts';

const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test("a caller's trace goes on under a span of our own", () => {
  const trace = continueTrace(caller);
  expect(trace.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(trace.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01$/);
  expect(trace.traceparent).not.toBe(caller);
});

test.each([
  undefined,
  '',
  'nonsense',
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
])('without a usable caller (%j) a new trace starts', (header) => {
  expect(continueTrace(header).traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-01$/);
  expect(continueTrace(header).traceId).not.toBe(continueTrace(header).traceId);
});
