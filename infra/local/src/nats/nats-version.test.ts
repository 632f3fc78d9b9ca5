import { expect, test } from 'vitest';
import { isNewEnough, parseNatsVersion } from './nats-version.ts';

test('the version is read from what nats-server prints, whoever built it', () => {
  expect(parseNatsVersion('nats-server: v2.14.5\n')).toBe('2.14.5');
  expect(parseNatsVersion('nats-server: v2.15.1-debian')).toBe('2.15.1');
  expect(() => parseNatsVersion('hello')).toThrow('found "hello"');
});

test('versions are compared as numbers', () => {
  expect(['2.12.3', '2.9.25', '1.99.0'].filter(isNewEnough)).toEqual([]);
  expect(['2.12.4', '2.12.10', '2.14.0', '3.0.0'].filter(isNewEnough)).toHaveLength(4);
});
