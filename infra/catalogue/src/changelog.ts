import { type Change } from './compare-catalogues.ts';

/**
 * The CHANGELOG of the contracts: a heading a day, a line a change, the newest day first. A line names its contract, and the field where it is about one:
 *
 *     - `user.registered.v1`: optional field `nickname` added.
 *     - **Breaking** `user.registered.v1`: field `source` removed. Nobody has subscribed yet.
 */
export function linesToAdd(before: string, now: string, changes: readonly Change[]): string[] {
  const added = addedLines(before, now);
  return changes
    .filter((change) => !added.some((line) => isAbout(line, change)))
    .map((change) => `- ${change.isBreaking ? `${breakingMark} ` : ''}\`${change.type}\`: ${change.what}.`);
}

const breakingMark = '**Breaking**';
const entry = /^- (\*\*Breaking\*\* )?`([^`]+)`: /;

/** A breaking change must be called one. */
function isAbout(line: string, { type, path, isBreaking }: Change): boolean {
  const [head, mark, named] = entry.exec(line) ?? [];
  if (head === undefined || named !== type || (isBreaking && mark === undefined)) return false;
  return path === '' || line.includes(`\`${path}\``);
}

/** What stands there now and did not before; a line that stands there twice counts twice. */
function addedLines(before: string, now: string): string[] {
  const old = before.split('\n');
  return now.split('\n').filter((line) => {
    const known = old.indexOf(line);
    if (known !== -1) old.splice(known, 1);
    return known === -1;
  });
}

/** The CHANGELOG with these lines under the day's heading, which is made where there is none. */
export function withLines(changelog: string, lines: readonly string[], day: string): string {
  if (lines.length === 0) return changelog;
  const heading = `## ${day}`;
  const text = lines.join('\n');
  if (changelog.includes(`${heading}\n\n`)) return changelog.replace(`${heading}\n\n`, `${heading}\n\n${text}\n`);
  const newest = changelog.search(/^## /m);
  const at = newest === -1 ? changelog.length : newest;
  return `${changelog.slice(0, at)}${heading}\n\n${text}\n${newest === -1 ? '' : '\n'}${changelog.slice(at)}`;
}
