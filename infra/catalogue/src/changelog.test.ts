import { expect, test } from 'vitest';
import { withLines } from './changelog.ts';

const head = '# What changed\n\nEvery change.\n\n';

test('the first line makes its day', () => {
  expect(withLines(head, ['- `a.b.v1`: x.'], '2026-11-28')).toBe(`${head}## 2026-11-28\n\n- \`a.b.v1\`: x.\n`);
});

test('a line goes under its day, and a new day above the old ones', () => {
  const one = withLines(head, ['- one'], '2026-11-28');
  expect(withLines(one, ['- two'], '2026-11-28')).toBe(`${head}## 2026-11-28\n\n- two\n- one\n`);
  expect(withLines(one, ['- two'], '2026-11-29')).toBe(`${head}## 2026-11-29\n\n- two\n\n## 2026-11-28\n\n- one\n`);
});

test('without lines nothing is touched', () => {
  expect(withLines(head, [], '2026-11-28')).toBe(head);
});
