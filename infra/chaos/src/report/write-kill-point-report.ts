import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { verdictTable } from '@postrider/audit';
import type { KillPointsResult, PointResult } from '../kill-points/run-kill-points.ts';

/** Writes what came of each kill point, for people, and the figures beside it as JSON. */
export async function writeKillPointReport(path: string, result: KillPointsResult, date: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, markdown(result, date));
  await writeFile(
    path.replace(/\.md$/, '.json'),
    `${JSON.stringify({ kind: 'kill points', date: date.toISOString(), ...result }, undefined, 1)}\n`,
  );
}

function markdown({ results, verdict, absorbed }: KillPointsResult, date: Date): string {
  const complaints = results.flatMap((result) => result.complaints.map((text) => `- ${text}`));
  return `${[
    `# Kill points, ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    'A process is made to wait between two steps (by a lock on what it writes next, a server that is stopped, or a mail server that says nothing), killed there, and ' +
      'started again. The streams remember message ids for 100 ms only, so that whatever is published again is stored twice.',
    `**Unexplained: ${verdict.unexplained.length}**; duplicates absorbed by the ledger: ${absorbed}`,
    [
      '| kill point | between | runs | second copies | allowed | result |',
      '|---|---|---|---|---|---|',
      ...results.map(row),
    ].join('\n'),
    ...(complaints.length === 0 ? [] : [complaints.join('\n')]),
    `\`\`\`\n${verdictTable(verdict)}\n\`\`\``,
  ].join('\n\n')}\n`;
}

function row({ point, runs, extraCopies, complaints }: PointResult): string {
  const allowed = point.extraCopies * runs;
  const result = complaints.length === 0 ? 'held' : 'see below';
  return `| ${point.name} | ${point.between} | ${runs} | ${extraCopies} | ${allowed} | ${result} |`;
}
