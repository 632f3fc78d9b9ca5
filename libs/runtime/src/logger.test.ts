import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

test('an error of the database is logged without the row it is about', () => {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
  const row = 'Failing row contains (42, ada@example.com, $argon2id$secret)';
  const refused = new Error(`insert refused - detail: ${row}`);
  log.error({ err: Object.assign(refused, { code: '23514', detail: row }) }, 'request failed');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"code":"23514"/);
  expect(lines[0]).toMatch(/insert refused/);
  expect(lines[0]).not.toMatch(/ada@example\.com|argon2id/);
});
