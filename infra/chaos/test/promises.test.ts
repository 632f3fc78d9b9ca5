import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findGaps } from '../src/promises/all-promises.ts';

test('every promise rests on faults, kill points, scenarios and tests that exist, and none of those is without one', async () => {
  expect(await findGaps(join(import.meta.dirname, '../../..'))).toEqual([]);
});
