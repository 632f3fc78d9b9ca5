// Which nats-server runs: the one that is named, else the first good one of the PATH, of the cache, of the official release, of
// Debian. A binary is good when it runs and is not older than the floor. A named one that is not good is an error: who names one
// wants that one. Everything else is tried in turn, and what was tried is told only if nothing was found.
//
// A download is made in a folder of its own and renamed into the cache when it is complete and verified: two starts at once may both
// download, but neither ever sees half of a file, and the second finds the place taken by the same thing.
import { access, chmod, constants, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { hasDebianPackages, unpackDebianPackage } from './debian-package.ts';
import { isNewEnough, natsServerVersion, oldestNatsServer } from './nats-version.ts';
import { downloadRelease, natsRelease, releasePlatform } from './release.ts';

export interface NatsServerBinary {
  readonly path: string;
  readonly version: string;
  /** Where it came from, for a person: `PATH`, `cache`. */
  readonly from: string;
}

export interface NatsServerLookup {
  /** NATS_SERVER_BIN. */
  readonly named?: string | undefined;
  /** PATH, as the environment has it. */
  readonly path: string;
  /** Survives the repository and is shared by its clones. */
  readonly cacheDir: string;
  /** Where the official releases are, or a mirror with the same layout. */
  readonly releaseBaseUrl?: string | undefined;
  /** The pinned release; tests name another. */
  readonly release?: { readonly version: string; readonly sha256: Readonly<Record<string, string>> };
  readonly debianPackage?: (() => Promise<boolean>) | undefined;
  /** Tells what takes long. */
  readonly note?: ((text: string) => void) | undefined;
}

/** Finds or fetches a nats-server; when there is none to be had, throws an error that lists the choices. */
export async function findNatsServer(lookup: NatsServerLookup): Promise<NatsServerBinary> {
  if (lookup.named !== undefined) return named(lookup.named);
  const tried: string[] = [];
  for (const source of [fromPath, fromCache, fromRelease, fromDebian]) {
    try {
      const found = await source(lookup, tried);
      if (found !== undefined) return found;
    } catch (error) {
      tried.push(messageOf(error));
    }
  }
  throw new Error(
    [
      `No nats-server >= ${oldestNatsServer} was found, and none could be fetched:`,
      ...tried.map((what) => `  - ${what}`),
      'Choose one: install nats-server with your package manager (brew install nats-server, or go install github.com/nats-io/nats-server/v2@latest)',
      'so that it is on the PATH; set NATS_SERVER_BIN to a binary; set NATS_RELEASE_BASE_URL to a mirror of the releases; or set NATS_URL to a',
      'server that already runs.',
    ].join('\n'),
  );
}

async function named(path: string): Promise<NatsServerBinary> {
  try {
    return await check(path, 'NATS_SERVER_BIN');
  } catch (cause) {
    throw new Error(`NATS_SERVER_BIN names ${path}, which can't be used: ${messageOf(cause)}`, { cause });
  }
}

async function fromPath({ path }: NatsServerLookup, tried: string[]): Promise<NatsServerBinary | undefined> {
  const candidates = path.split(delimiter).map((folder) => join(folder || '.', 'nats-server'));
  return (
    (await firstGood(candidates, 'PATH', tried)) ?? void tried.push('The PATH holds no nats-server that can be used.')
  );
}

async function fromCache({ cacheDir }: NatsServerLookup, tried: string[]): Promise<NatsServerBinary | undefined> {
  const names = await readdir(cacheFolder(cacheDir)).catch(() => []);
  // The pinned release before Debian's, the newest before older ones.
  const kept = names
    .filter((name) => !name.startsWith('.'))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return firstGood(
    kept.map((name) => join(cacheFolder(cacheDir), name)),
    'cache',
    tried,
  );
}

async function fromRelease(lookup: NatsServerLookup, tried: string[]): Promise<NatsServerBinary | undefined> {
  const { version, sha256 } = lookup.release ?? natsRelease;
  const platform = releasePlatform();
  const checksum = sha256[platform];
  if (checksum === undefined) {
    return void tried.push(
      `The release ${version} for ${platform} is not downloaded, because its checksum is not known here.`,
    );
  }
  const baseUrl = lookup.releaseBaseUrl ?? natsRelease.baseUrl;
  lookup.note?.(`downloading nats-server ${version} from ${new URL(baseUrl).host}`);
  return intoCache(lookup, `release-${version}`, async (folder) =>
    downloadRelease({ baseUrl, version, platform, sha256: checksum, folder }),
  );
}

async function fromDebian(lookup: NatsServerLookup, tried: string[]): Promise<NatsServerBinary | undefined> {
  const available = lookup.debianPackage ?? hasDebianPackages;
  if (!(await available())) return void tried.push('This is no Debian, whose package could be used.');
  lookup.note?.(`fetching Debian's package of nats-server with apt (nothing is installed)`);
  return intoCache(lookup, 'debian', unpackDebianPackage);
}

/** Fetches into a folder that is removed again; what comes into the cache is one file, under its final name at once. */
async function intoCache(
  { cacheDir }: NatsServerLookup,
  name: string,
  fetchInto: (folder: string) => Promise<string>,
): Promise<NatsServerBinary> {
  const cache = cacheFolder(cacheDir);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, '.fetching-'));
  try {
    const fetched = await fetchInto(folder);
    const complete = join(folder, 'complete');
    await copyFile(fetched, complete);
    await chmod(complete, 0o755);
    const { version } = await check(complete, name);
    const path = join(cache, name.includes(version) ? name : `${name}-${version}`);
    await rename(complete, path);
    return { path, version, from: name };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstGood(
  paths: readonly string[],
  from: string,
  tried: string[],
): Promise<NatsServerBinary | undefined> {
  for (const path of paths) {
    if (!(await isExecutable(path))) continue;
    try {
      return await check(path, from);
    } catch (error) {
      tried.push(`${path} can't be used: ${messageOf(error)}`);
    }
  }
  return undefined;
}

async function check(path: string, from: string): Promise<NatsServerBinary> {
  const version = await natsServerVersion(path);
  if (!isNewEnough(version))
    throw new Error(`it is version ${version}, and ${oldestNatsServer} is the oldest that keeps its word.`);
  return { path, version, from };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function cacheFolder(cacheDir: string): string {
  return join(cacheDir, 'nats-server');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
