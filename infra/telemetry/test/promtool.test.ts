import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTempFolder, findDebianTool } from '@postrider/local/testing';
import { expect, test } from 'vitest';
import { rulesPath, ruleTestsPath } from '../src/files.ts';
import { rows } from '../src/panels.ts';

const promtool = await findDebianTool({
  command: 'promtool',
  variable: 'PROMTOOL_BIN',
  debian: { name: 'prometheus', binary: 'usr/bin/promtool' },
  probe: '--version',
  says: 'promtool, version',
});
const why = promtool === undefined ? ': skipped, there is no promtool' : '';

test.skipIf(promtool === undefined)(`each alert comes when it should, and not when it should not${why}`, () => {
  expect(run('check', 'rules', rulesPath)).toContain('SUCCESS');
  expect(run('test', 'rules', ruleTestsPath)).toContain('SUCCESS');
});

test.skipIf(promtool === undefined)(`Prometheus understands every query of the dashboard${why}`, async () => {
  await using folder = await createTempFolder('promql');
  const queries = rows.flatMap(({ panels }) => panels).flatMap((panel) => panel.queries);
  const rules = queries.map(({ expr }, index) => ({
    record: `query:${index}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  }));
  const file = join(folder.path, 'queries.json'); // JSON is YAML.
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  expect(run('check', 'rules', file)).toContain(`${queries.length} rules found`);
});

/** @throws with what it printed, when it ends with anything but 0 */
function run(...args: string[]): string {
  try {
    return execFileSync(promtool ?? 'promtool', args, { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }; // As execFileSync documents it.
    throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}
