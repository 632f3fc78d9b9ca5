import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname } from 'node:path';
import { isHeld, type ScenarioResult } from '../scenarios/scenario.ts';
import { curveSvg } from './curve-svg.ts';

/** Writes what a scenario found: for people, as a curve, and as figures in JSON beside them. */
export async function writeScenarioReport(
  path: string,
  name: string,
  result: ScenarioResult,
  date: Date,
): Promise<void> {
  const svgPath = path.replace(/\.md$/, '.svg');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, markdown(result, basename(svgPath), date));
  await writeFile(svgPath, curveSvg({ title: result.title, points: result.curve, phases: result.phases }));
  const raw = { kind: 'scenario', name, date: date.toISOString(), isClean: isHeld(result), ...result };
  await writeFile(path.replace(/\.md$/, '.json'), `${JSON.stringify(raw, undefined, 1)}\n`);
}

/** What is promised and what was found, for a terminal. */
export function checkLines({ checks }: ScenarioResult): string {
  return checks.map(({ promise, found, holds }) => `${holds ? '✓' : '✗'} ${promise}: ${found}`).join('\n');
}

function markdown(result: ScenarioResult, svg: string, date: Date): string {
  const { title, story, figures, checks } = result;
  return `${[
    `# ${title}`,
    `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC, ${availableParallelism()} cores, shared with others: what counts are the relations within the run. ${story}`,
    `**${isHeld(result) ? 'Everything held.' : 'Not everything held.'}**`,
    [
      '| promise | found | result |',
      '|---|---|---|',
      ...checks.map(({ promise, found, holds }) => `| ${promise} | ${found} | ${holds ? 'held' : 'not held'} |`),
    ].join('\n'),
    ['| | |', '|---|---|', ...figures.map(([name, value]) => `| ${name} | ${value} |`)].join('\n'),
    `![${title}](${svg})`,
  ].join('\n\n')}\n`;
}
