import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createTempFolder } from '../src/testing/temp-folder.ts';

const run = promisify(execFile);
const launcher = join(import.meta.dirname, '../../run.mjs');

test('a machine without pnpm asks npx once, and again when what npx fetched is gone or another version is wanted', async () => {
  await using machine = await machineWithoutPnpm('9.1.0');
  expect(await machine.launch()).toBe('the script ran with pnpm 9.1.0');
  expect(await machine.launch()).toBe('the script ran with pnpm 9.1.0');
  expect(await machine.fetches()).toEqual(['pnpm@9.1.0']);

  await machine.emptyCache();
  expect(await machine.launch()).toBe('the script ran with pnpm 9.1.0');
  expect(await machine.fetches()).toEqual(['pnpm@9.1.0', 'pnpm@9.1.0']);

  await machine.want('9.2.0');
  expect(await machine.launch()).toBe('the script ran with pnpm 9.2.0');
  expect((await machine.fetches()).at(-1)).toBe('pnpm@9.2.0');
});

/** A repository with the launcher, and an npx and a pnpm that note what they are asked for. */
async function machineWithoutPnpm(version: string) {
  const folder = await createTempFolder('launcher');
  const [root, bin, cache] = [join(folder.path, 'repository'), join(folder.path, 'bin'), join(folder.path, 'cache')];
  const asked = join(folder.path, 'asked');
  const want = async (wanted: string): Promise<void> =>
    write(join(root, 'package.json'), JSON.stringify({ packageManager: `pnpm@${wanted}` }));
  await want(version);
  await mkdir(join(root, 'infra'));
  await copyFile(launcher, join(root, 'infra/run.mjs'));
  await write(
    join(root, 'script.mjs'),
    `import { execSync } from 'node:child_process';
     console.log('the script ran with pnpm ' + execSync('pnpm --version', { encoding: 'utf8' }).trim());`,
  );
  // npx --yes --prefer-offline --package pnpm@<version> --call …
  await write(
    join(bin, 'npx'),
    `#!/bin/sh
path=$PATH PATH=/usr/bin:/bin
echo "$4" >>'${asked}'
version=\${4#pnpm@}
mkdir -p '${cache}/node_modules/.bin' '${cache}/node_modules/pnpm'
printf '{"version":"%s"}' "$version" >'${cache}/node_modules/pnpm/package.json'
printf '#!/bin/sh\\n/bin/mkdir -p node_modules\\n[ "$1" != --version ] || echo %s\\n' "$version" >'${cache}/node_modules/.bin/pnpm'
chmod +x '${cache}/node_modules/.bin/pnpm'
echo '${cache}/node_modules/.bin':"$path"
`,
  );
  await chmod(join(bin, 'npx'), 0o755);
  // Nothing else: a pnpm that happens to be installed is none here.
  await symlink(process.execPath, join(bin, 'node'));
  const env = { PATH: bin };
  return {
    want,
    launch: async () =>
      (await run(process.execPath, [join(root, 'infra/run.mjs'), 'script.mjs'], { env })).stdout.trim(),
    fetches: async () => (await readFile(asked, 'utf8')).trim().split('\n'),
    emptyCache: async () => rm(cache, { recursive: true }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
