import { expect, test } from 'vitest';
import { inGroups } from './in-groups.ts';

test('what comes while a group is written is the next group, and everybody gets the answer to their own', async () => {
  const groups: number[][] = [];
  const firstMayEnd = Promise.withResolvers<void>();
  const firstBegan = Promise.withResolvers<void>();
  const double = inGroups(async (numbers: readonly number[]) => {
    groups.push([...numbers]);
    firstBegan.resolve();
    if (groups.length === 1) await firstMayEnd.promise;
    return numbers.map((number) => number * 2);
  });
  const first = [double(1), double(2)];
  await firstBegan.promise;
  const second = [double(3), double(4), double(5)];
  firstMayEnd.resolve();
  expect(await Promise.all([...first, ...second])).toEqual([2, 4, 6, 8, 10]);
  expect(groups).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  expect(await double(6)).toBe(12);
});

test('of a group that is refused each is written by itself, and only who is refused hears of it', async () => {
  const groups: number[][] = [];
  const write = inGroups(async (numbers: readonly number[]) => {
    groups.push([...numbers]);
    if (numbers.includes(2)) throw new Error('2 violates a constraint');
    return numbers;
  });
  const results = await Promise.allSettled([write(1), write(2), write(3)]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]]);
});

test('an outage is everybody’s: nothing is written twice by itself, and the next group is tried', async () => {
  const outage = Object.assign(new Error('terminating connection'), { code: '57P01' });
  let groups = 0;
  const write = inGroups(async (numbers: readonly number[]) => {
    if (++groups === 1) throw outage;
    return numbers;
  });
  const results = await Promise.allSettled([write(1), write(2)]);
  expect(results).toEqual([
    { status: 'rejected', reason: outage },
    { status: 'rejected', reason: outage },
  ]);
  expect(groups).toBe(1);
  expect(await write(3)).toBe(3);
});
