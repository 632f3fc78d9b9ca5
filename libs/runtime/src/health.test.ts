import { expect, test } from 'vitest';
import { type PartHealth, readiness } from './health.ts';

const part = (name: string, required: boolean, status: PartHealth['status']) => ({
  name,
  required,
  check: () => ({ status }),
});

test('a service whose parts are all up is ready', () => {
  expect(readiness([part('database', true, 'up'), part('nats', false, 'up')]).status).toBe('ready');
});

test('a service without an optional part is degraded, and says which', () => {
  expect(readiness([part('database', true, 'up'), part('nats', false, 'down')])).toEqual({
    status: 'degraded',
    parts: { database: { required: true, status: 'up' }, nats: { required: false, status: 'down' } },
  });
});

test('a service without a required part is not ready', () => {
  expect(readiness([part('database', true, 'starting'), part('nats', false, 'up')]).status).toBe('unready');
});
