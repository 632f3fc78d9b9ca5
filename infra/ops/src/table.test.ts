import { expect, test } from 'vitest';
import { table } from './table.ts';

test('columns are as wide as their widest cell, and numbers stand to the right', () => {
  expect(
    table(
      ['durable', 'waiting'],
      [
        ['crm', 7],
        ['email-challenges', 12],
      ],
    ),
  ).toEqual([
    'durable           waiting',
    '────────────────  ───────',
    'crm                     7',
    'email-challenges       12',
  ]);
});
