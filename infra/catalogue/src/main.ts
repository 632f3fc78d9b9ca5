// `npm run contracts` writes the catalogue anew and drafts what the CHANGELOG lacks; it writes nothing while a change is breaking. With `--check`, as
// `npm run check` runs it, it only says what is wrong, and ends with 1 if anything is. CONTRACTS_BASE names what to compare with.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEvents } from '@postrider/contracts';
import { catalogueFiles } from './catalogue-files.ts';
import { catalogueOf } from './catalogue.ts';
import { withLines } from './changelog.ts';
import { judgeContracts } from './gate.ts';
import { catalogueFolder, changelogPath, readBase, readHere } from './published.ts';

const root = join(import.meta.dirname, '../../..');
const isCheck = process.argv.includes('--check');
const today = new Date().toISOString().slice(0, 10);

const base = await readBase(root, process.env['CONTRACTS_BASE'] || undefined);
const { changelog } = await readHere(root);
const { missing, refusals } = judgeContracts(base, allEvents, { changelog, today });

if (refusals.length > 0) refuse();
else if (isCheck) await check();
else await write();

function refuse(): void {
  process.exitCode = 1;
  console.log(`These changes break subscribers, compared with ${base.name}:`);
  for (const refusal of refusals) console.log(`  ${refusal}`);
  console.log(`
Make it a new version beside the old one (version: 2, and deprecated: { until, successor } on the first), or a field that may be absent.
If nobody can be hurt, decide so in ${changelogPath}, one line a change, with the reason:`);
  for (const line of missing.filter((one) => one.startsWith('- **Breaking**'))) console.log(`  ${line}`);
}

async function check(): Promise<void> {
  const { different } = await compareFiles();
  for (const line of missing) console.log(`${changelogPath} lacks a line about: ${line.slice(2)}`);
  for (const path of different) console.log(`${path} is not what the contracts say.`);
  if (missing.length + different.length === 0) return;
  process.exitCode = 1;
  console.log('Write them anew with: npm run contracts');
}

async function write(): Promise<void> {
  const { files, different, stale } = await compareFiles();
  for (const path of stale) await rm(join(root, path));
  for (const path of different.filter((one) => files.has(one))) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), files.get(path) ?? '');
  }
  if (missing.length > 0) await writeFile(join(root, changelogPath), withLines(changelog, missing, today));
  for (const path of different) console.log(`${path} is ${stale.includes(path) ? 'removed' : 'written'}.`);
  for (const line of missing) console.log(`${changelogPath}: ${line}`);
}

/** Which of the catalogue's files are not what they should be, those that should not be there included. */
async function compareFiles(): Promise<{ files: Map<string, string>; different: string[]; stale: string[] }> {
  const made = catalogueFiles(catalogueOf(allEvents));
  const files = new Map([...made].map(([path, content]) => [`${catalogueFolder}/${path}`, content]));
  const present = await readdir(join(root, catalogueFolder), { recursive: true, withFileTypes: true }).catch(() => []);
  const stale = present
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !files.has(path));
  const different: string[] = [...stale];
  for (const [path, content] of files)
    if ((await readFile(join(root, path), 'utf8').catch(() => undefined)) !== content) different.push(path);
  return { files, different, stale };
}
