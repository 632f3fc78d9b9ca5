// The images hold production dependencies alone: what runs in them must import nothing else.
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './compose.ts';

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const packages = new Map(
  await Promise.all(
    globSync('{libs,services,infra}/*/package.json', { cwd: root }).map(async (path) => {
      const manifest: Manifest = JSON.parse(await readFile(join(root, path), 'utf8'));
      return [manifest.name, { manifest, folder: dirname(path) }] as const;
    }),
  ),
);
const dockerfile = await readFile(join(root, 'infra/deploy/Dockerfile'), 'utf8');

test.each(['user', 'email', 'ops'])('the image of %s holds every package that its sources import', async (image) => {
  const needed = neededBy(`@postrider/${image}`);
  expect(needed.size).toBeGreaterThan(4);
  const stage = dockerfile.split(/^FROM /m).find((text) => text.startsWith(`base AS ${image}\n`)) ?? '';
  const copied = [...stage.matchAll(/^COPY (\S+) \1$/gm)].map(([, path = '']) => path);
  const isCopied = (folder: string): boolean => copied.some((path) => folder === path || folder.startsWith(`${path}/`));
  expect([...needed.values()].filter(({ folder }) => !isCopied(folder))).toEqual([]);
  for (const { manifest, folder } of needed.values()) {
    const installed = new Set([manifest.name, ...Object.keys(manifest.dependencies ?? {})]);
    const missing = (await importsOf(folder)).filter(({ name }) => !installed.has(name));
    expect(missing).toEqual([]);
  }
});

/** A package and those of the workspace that are installed with it. */
function neededBy(name: string, found = new Map<string, { manifest: Manifest; folder: string }>()): typeof found {
  const one = packages.get(name);
  if (one === undefined || found.has(name)) return found;
  found.set(name, one);
  for (const dependency of Object.keys(one.manifest.dependencies ?? {})) neededBy(dependency, found);
  return found;
}

/** What the sources import of other packages; without tests and what is for tests. */
async function importsOf(folder: string): Promise<{ name: string; file: string }[]> {
  const files = globSync('src/**/*.ts', { cwd: join(root, folder) }).filter(
    (file) => !file.endsWith('.test.ts') && !file.startsWith('src/testing/'),
  );
  const found = files.map(async (file) => {
    const text = await readFile(join(root, folder, file), 'utf8');
    const specifiers = text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'(@[\w-]+\/[\w-]+|(?!node:)[a-z][\w-]*)/gm);
    return [...specifiers].map(([, name = '']) => ({ name, file: join(folder, file) }));
  });
  return (await Promise.all(found)).flat();
}
