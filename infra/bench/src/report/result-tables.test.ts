import { expect, test } from 'vitest';
import { tableOf } from './result-tables.ts';

const at = '2026-11-24T09:00:00.000Z';
const drain = (peer: string, handledPerSecond: number) => {
  return { at, workload: 'drain 10k', peer, load: 1, result: { handledPerSecond } };
};

test('a table tells the median of several runs, and how far apart they were', () => {
  const table = tableOf(
    [drain('one', 41_234), drain('two', 900), drain('one', 39_000), drain('one', 50_000)],
    'drain 10k',
  );
  expect(table).toBe(`### drain 10k

| | handled/s |
|---|---:|
| one | **41.2k** (39k–50k) |
| two | 900 |
`);
});

test('what failed is told below the table', () => {
  const failed = { at, workload: 'drain 10k', peer: 'two', load: 1, error: 'There is no database.' };
  expect(tableOf([drain('one', 5), failed], 'drain 10k')).toContain('\ntwo failed: There is no database.');
});
