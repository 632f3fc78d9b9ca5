import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findNatsServer, type NatsServerLookup } from '../src/nats/find-nats-server.ts';
import { downloadRelease, releasePlatform } from '../src/nats/release.ts';
import { createTempFolder } from '../src/testing/temp-folder.ts';
import { type Answer, startFileServer } from './file-server.ts';

const platform = releasePlatform();
const version = '2.99.1';
const path = `/v${version}/nats-server-v${version}-${platform}.tar.gz`;

/** A program that says it is a nats-server, in the archive its release would have. */
async function fakeRelease(folder: string, saysVersion = version): Promise<{ archive: Buffer; sha256: string }> {
  const name = `nats-server-v${version}-${platform}`;
  await fakeBinary(join(folder, name), saysVersion);
  execFileSync('tar', ['-czf', 'release.tar.gz', name], { cwd: folder });
  const archive = await readFile(join(folder, 'release.tar.gz'));
  return { archive, sha256: createHash('sha256').update(archive).digest('hex') };
}

async function fakeBinary(folder: string, saysVersion: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'nats-server');
  await writeFile(file, `#!/bin/sh\necho "nats-server: v${saysVersion}"\n`);
  await chmod(file, 0o755);
  return file;
}

/** A lookup that knows nothing but one mirror. */
async function lookupAt(folder: string, answer: Answer | undefined, sha256: string) {
  const mirror = await startFileServer(answer === undefined ? {} : { [path]: answer });
  const lookup: NatsServerLookup = {
    path: join(folder, 'empty'),
    cacheDir: join(folder, 'cache'),
    releaseBaseUrl: mirror.url,
    release: { version, sha256: { [platform]: sha256 } },
    debianPackage: async () => false,
  };
  return { mirror, lookup, [Symbol.asyncDispose]: async () => mirror[Symbol.asyncDispose]() };
}

test('the release is downloaded once, verified, and found in the cache ever after', async () => {
  await using folder = await createTempFolder('release');
  const { archive, sha256 } = await fakeRelease(folder.path);
  await using at = await lookupAt(folder.path, archive, sha256);

  const first = await findNatsServer(at.lookup);
  const second = await findNatsServer(at.lookup);

  expect(first).toMatchObject({ version, from: `release-${version}` });
  expect(second).toMatchObject({ version, from: 'cache', path: first.path });
  expect(at.mirror.requests).toEqual([path]);
  expect(await readdir(join(folder.path, 'cache', 'nats-server'))).toEqual([`release-${version}`]);
});

test('two starts that download at once both get the whole thing', async () => {
  await using folder = await createTempFolder('release');
  const { archive, sha256 } = await fakeRelease(folder.path);
  await using at = await lookupAt(folder.path, archive, sha256);

  const found = await Promise.all([findNatsServer(at.lookup), findNatsServer(at.lookup)]);

  expect(new Set(found.map((one) => one.path)).size).toBe(1);
  expect(await readdir(join(folder.path, 'cache', 'nats-server'))).toEqual([`release-${version}`]);
});

test('an archive with another checksum is neither unpacked nor kept', async () => {
  await using folder = await createTempFolder('release');
  const { archive } = await fakeRelease(folder.path);
  await using at = await lookupAt(folder.path, archive, 'a'.repeat(64));

  await expect(findNatsServer(at.lookup)).rejects.toThrow(/SHA-256 [0-9a-f]{64} instead of a{64}; it was not unpacked/);
  expect(await readdir(join(folder.path, 'cache', 'nats-server'))).toEqual([]);
});

test.each<[string, Answer | undefined, RegExp]>([
  ['a mirror that lacks it', undefined, /could not be downloaded: HTTP status 404/],
  [
    'a download that breaks off',
    { truncated: Buffer.alloc(100_000) },
    /could not be downloaded: (terminated|other side closed|aborted)/,
  ],
])('%s is told, and leaves nothing behind', async (_title, answer, message) => {
  await using folder = await createTempFolder('release');
  await using at = await lookupAt(folder.path, answer, 'a'.repeat(64));

  await expect(findNatsServer(at.lookup)).rejects.toThrow(message);
  expect(await readdir(join(folder.path, 'cache', 'nats-server'))).toEqual([]);
});

test('a mirror that never answers is given up soon', async () => {
  await using folder = await createTempFolder('release');
  await using mirror = await startFileServer({ [path]: 'silence' });
  const options = { baseUrl: mirror.url, version, platform, sha256: 'a'.repeat(64), folder: folder.path };

  await expect(downloadRelease({ ...options, answerWithinMs: 50 })).rejects.toThrow('no answer within 50 ms');
});

test('a release older than the floor is refused, although its checksum is right', async () => {
  await using folder = await createTempFolder('release');
  const { archive, sha256 } = await fakeRelease(folder.path, '2.12.3');
  await using at = await lookupAt(folder.path, archive, sha256);

  await expect(findNatsServer(at.lookup)).rejects.toThrow('it is version 2.12.3');
});

test('the PATH comes before the cache and the network', async () => {
  await using folder = await createTempFolder('release');
  await using at = await lookupAt(folder.path, undefined, 'a'.repeat(64));
  const onPath = await fakeBinary(join(folder.path, 'bin'), '2.13.0');

  const found = await findNatsServer({
    ...at.lookup,
    path: `${join(folder.path, 'nowhere')}:${join(folder.path, 'bin')}`,
  });

  expect(found).toEqual({ path: onPath, version: '2.13.0', from: 'PATH' });
});

test('one on the PATH that is too old is passed over', async () => {
  await using folder = await createTempFolder('release');
  const { archive, sha256 } = await fakeRelease(folder.path);
  await using at = await lookupAt(folder.path, archive, sha256);
  await fakeBinary(join(folder.path, 'bin'), '2.9.0');

  const found = await findNatsServer({ ...at.lookup, path: join(folder.path, 'bin') });

  expect(found.version).toBe(version);
});

test('one that is named is used or refused, and nothing else is tried', async () => {
  await using folder = await createTempFolder('release');
  const { archive, sha256 } = await fakeRelease(folder.path);
  await using at = await lookupAt(folder.path, archive, sha256);
  const good = await fakeBinary(join(folder.path, 'good'), '2.14.0');
  const old = await fakeBinary(join(folder.path, 'old'), '2.11.0');

  expect(await findNatsServer({ ...at.lookup, named: good })).toMatchObject({ path: good, from: 'NATS_SERVER_BIN' });
  await expect(findNatsServer({ ...at.lookup, named: old })).rejects.toThrow(
    /NATS_SERVER_BIN names .* version 2\.11\.0/,
  );
  await expect(findNatsServer({ ...at.lookup, named: '/no/such/file' })).rejects.toThrow(
    'NATS_SERVER_BIN names /no/such/file',
  );
  expect(at.mirror.requests).toEqual([]);
});

test('when there is none to be had, the error says what was tried and what to choose from', async () => {
  await using folder = await createTempFolder('release');
  await using at = await lookupAt(folder.path, undefined, 'a'.repeat(64));
  const unknown = findNatsServer({ ...at.lookup, release: { version, sha256: {} } });

  await expect(unknown).rejects.toThrow(
    `The release ${version} for ${platform} is not downloaded, because its checksum is not known`,
  );
  await expect(unknown).rejects.toThrow('This is no Debian');
  for (const choice of ['package manager', 'NATS_SERVER_BIN', 'NATS_RELEASE_BASE_URL', 'NATS_URL']) {
    await expect(unknown).rejects.toThrow(choice);
  }
});
