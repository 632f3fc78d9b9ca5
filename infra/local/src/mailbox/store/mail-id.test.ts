import { expect, test } from 'vitest';
import { createMailIds, mailIdPattern } from './mail-id.ts';

test('IDs sort by arrival, within a millisecond too and when the clock is set back', () => {
  const times = [1_000, 1_000, 2_000, 1_500, 2_001];
  const nextId = createMailIds(() => times.shift() ?? 0);
  const ids = Array.from({ length: 5 }, nextId);
  expect(ids).toEqual(ids.toSorted());
});

test('an ID is 22 lower-case letters and digits', () => {
  expect(createMailIds(Date.now)()).toMatch(new RegExp(`^${mailIdPattern}$`));
});
