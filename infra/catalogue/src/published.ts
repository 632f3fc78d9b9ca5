import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Catalogue } from './catalogue.ts';
import type { Published } from './gate.ts';

export const catalogueFolder = 'libs/contracts/catalogue';
export const changelogPath = 'libs/contracts/CHANGELOG.md';
const cataloguePath = `${catalogueFolder}/contracts.json`;

const nothing: Catalogue = { envelope: {}, events: [] };

export interface Base extends Published {
  /** For people: `main (1a2b3c4)`. */
  readonly name: string;
}

/**
 * What was published before the change that is being worked on: the catalogue where this branch left `main`, so that a contract may
 * change as often as it likes until it lands. Where git or that branch is not to be had (an archive, a shallow clone) it is the files that lie here.
 *
 * @param ref compare with this instead
 */
export async function readBase(root: string, ref?: string): Promise<Base> {
  const refs = ref === undefined ? ['origin/main', 'main'] : [ref];
  for (const name of (await isRepository(root)) ? refs : []) {
    const commit = (await git(root, 'merge-base', 'HEAD', name))?.trim();
    if (commit === undefined) continue;
    const [catalogue, changelog] = await Promise.all([
      git(root, 'show', `${commit}:${cataloguePath}`),
      git(root, 'show', `${commit}:${changelogPath}`),
    ]);
    return { name: `${name} (${commit.slice(0, 7)})`, catalogue: parse(catalogue), changelog: changelog ?? '' };
  }
  if (ref !== undefined) throw new Error(`git knows no common ancestor of HEAD and "${ref}".`);
  return { name: 'the files in this folder', ...(await readHere(root)) };
}

/** Somebody else's repository around ours knows nothing of the contracts. */
async function isRepository(root: string): Promise<boolean> {
  const folder = (await git(root, 'rev-parse', '--show-toplevel'))?.trim();
  return folder !== undefined && (await realpath(folder)) === (await realpath(root));
}

/** The files that lie here. */
export async function readHere(root: string): Promise<Published> {
  const read = (path: string): Promise<string | undefined> => readFile(join(root, path), 'utf8').catch(() => undefined);
  return { catalogue: parse(await read(cataloguePath)), changelog: (await read(changelogPath)) ?? '' };
}

function parse(text: string | undefined): Catalogue {
  // Written by ourselves, from this very type.
  return text === undefined ? nothing : (JSON.parse(text) as Catalogue);
}

const run = promisify(execFile);

async function git(root: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await run('git', args, { cwd: root, maxBuffer: 2 ** 26 })).stdout;
  } catch {
    return undefined; // No git, no repository, no such commit, no such file: the caller has another way.
  }
}
