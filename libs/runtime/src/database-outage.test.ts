import { expect, test } from 'vitest';
import { isDatabaseOutage } from './database-outage.ts';

const withCode = (code: string) => Object.assign(new Error('no'), { code });

test.each([
  '08006',
  '25006',
  '28P01',
  '3D000',
  '40P01',
  '40001',
  '53100',
  '53300',
  '57P01',
  '57P03',
  '58030',
  'ECONNREFUSED',
  'ENETUNREACH',
])('%s is an outage, also as a cause', (code) => {
  expect(isDatabaseOutage(withCode(code))).toBe(true);
  expect(isDatabaseOutage(new Error('wrapped', { cause: withCode(code) }))).toBe(true);
});

test.each(['23505', '22P02', '42P01', '42601', '57014'])('%s is the fault of what was asked', (code) => {
  expect(isDatabaseOutage(withCode(code))).toBe(false);
});

test.each(['Connection terminated unexpectedly', 'Query read timeout', 'Client was closed and is not queryable'])(
  'the driver’s "%s" is an outage',
  (message) => {
    expect(isDatabaseOutage(new Error(message))).toBe(true);
  },
);
