// `npm run config-reference` writes the references; with `--check`, as `npm run check` runs it, it only says which are not what the
// schemas have by now, and ends with 1 if one is not.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { references } from './references.ts';

const root = join(import.meta.dirname, '../../..');
const isCheck = process.argv.includes('--check');

for (const { path, markdown } of references()) {
  const file = join(root, path);
  const present = await readFile(file, 'utf8').catch(() => undefined); // Absent is as different as another text.
  if (present === markdown) continue;
  if (isCheck) {
    process.exitCode = 1;
    console.log(`${path} is not what its schema says. Write it anew with: npm run config-reference`);
  } else {
    await writeFile(file, markdown);
    console.log(`${path} is written.`);
  }
}
