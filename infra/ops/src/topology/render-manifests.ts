import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { atTier, topology } from '@postrider/topology';
import { renderNack } from './render-nack.ts';

const root = join(import.meta.dirname, '../../../..');
const path = join(root, 'infra/kubernetes/nack/topology.yaml');

/**
 * Writes the manifests of what is declared, as production has it (T1); or compares, for `npm run check`.
 *
 * @returns the exit code: 1 when they are not what is declared
 */
export async function renderManifests(
  print: (line: string) => void,
  { isCheck }: { isCheck: boolean },
): Promise<number> {
  const yaml = `# Made from infra/nats by \`npm run ops -- topology render\`: change it there.\n${renderNack(atTier(topology, 'T1'))}`;
  const present = await readFile(path, 'utf8').catch(() => undefined); // Absent is as different as another text.
  const name = relative(root, path);
  if (present === yaml) return 0;
  if (isCheck) {
    print(`${name} is not what infra/nats declares. Write it anew with: npm run ops -- topology render`);
    return 1;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, yaml);
  print(`${name} is written.`);
  return 0;
}
