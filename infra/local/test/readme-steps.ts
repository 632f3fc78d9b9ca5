import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Does to a copy of the repository what a document says. A path on a line of its own names the file of the block below it: a `ts` block is
 * the whole file; a `diff` block changes it, where its lines with ` ` and `-` must stand in it once.
 *
 * @returns the paths it wrote
 * @throws when a change does not fit
 */
export async function followSteps(markdown: string, root: string): Promise<string[]> {
  const blocks = [...markdown.matchAll(/^`(\S+)`\n```(ts|diff)\n([\s\S]*?)^```$/gm)];
  for (const [, path = '', kind, text = ''] of blocks) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, kind === 'ts' ? text : changed(await readFile(file, 'utf8'), text, path));
  }
  return blocks.map(([, path = '']) => path);
}

function changed(before: string, diff: string, path: string): string {
  const side = (leftOut: string): string =>
    diff
      .split('\n')
      .filter((line) => !line.startsWith(leftOut))
      .map((line) => line.slice(1))
      .join('\n');
  const [search, replacement] = [side('+'), side('-')];
  const parts = before.split(search);
  if (parts.length !== 2)
    throw new Error(`In ${path} these lines stand ${parts.length - 1} times, not once:\n${search}`);
  return parts.join(replacement);
}
