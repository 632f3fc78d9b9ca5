// Where the files of PostgreSQL live.
//
// Normally in the data dir, run from the packages of this checkout. As root the server runs as another account, which can't reach
// anything below a folder with mode 0700, such as root's home. Then what it can't reach lives in a folder of its own under the
// system's temporary directory, and the data dir remembers which, so that a second start finds the same data. /var/tmp is preferred:
// unlike /tmp it survives a reboot.
import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binariesIn, type PostgresBinaries } from './postgres-binaries.ts';
import { canEnter, canRun, type Account } from './server-account.ts';

export interface PostgresHome {
  /** The folder of the cluster itself (PGDATA). */
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
}

export interface PostgresHomeOptions {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
  /** Where folders outside of the data dir are made, if there must be any. */
  readonly elsewhereIn?: string | undefined;
  /** Tells what a person should know, as a sentence. */
  readonly note?: ((text: string) => void) | undefined;
}

/** Decides where the cluster lives and which binaries to use, so that the server's account can reach both. */
export async function preparePostgresHome(options: PostgresHomeOptions): Promise<PostgresHome> {
  const { dataDir, binaries } = options;
  const inDataDir = join(dataDir, 'postgres');
  if (options.account === undefined) return { cluster: inDataDir, binaries, account: undefined };
  // A cluster that another user made runs as that user: PostgreSQL insists on owning its files.
  const account = (await ownerOf(inDataDir)) ?? options.account;

  const remembered = await rememberedFolder(options);
  const dataIsElsewhere = remembered !== undefined && (await isOwnFolder(join(remembered, 'postgres'), account.uid));
  const canReadData = !dataIsElsewhere && (await canEnter(account, dataDir));
  const canReadBinaries = await canRun(account, binaries.postgres);
  if (canReadData && canReadBinaries) return { cluster: inDataDir, binaries, account };

  const elsewhere = remembered ?? (await newFolder(options));
  options.note?.(
    `PostgreSQL runs as ${account.name}, who can't read ${canReadData ? binaries.root : dataDir}: it has its files in ${elsewhere}.`,
  );
  return {
    cluster: canReadData ? inDataDir : join(elsewhere, 'postgres'),
    binaries: canReadBinaries ? binaries : await copyOf(binaries, elsewhere),
    account,
  };
}

async function ownerOf(cluster: string): Promise<Account | undefined> {
  const found = await lstat(cluster).catch(() => undefined);
  if (found === undefined || found.uid === 0) return undefined;
  return { name: `user ${found.uid}`, uid: found.uid, gid: found.gid };
}

async function rememberedFolder({ dataDir, note }: PostgresHomeOptions): Promise<string | undefined> {
  const folder = await readFile(memory(dataDir), 'utf8').catch(() => '');
  if (folder === '') return undefined;
  // Anybody can make folders in a temporary directory: only one that root made is ours.
  if (await isOwnFolder(folder, 0)) return folder;
  note?.(`The files of PostgreSQL were in ${folder}, which is gone: the databases start empty.`);
  return undefined;
}

async function newFolder({ dataDir, elsewhereIn }: PostgresHomeOptions): Promise<string> {
  const base = elsewhereIn ?? ((await isFolder('/var/tmp')) ? '/var/tmp' : tmpdir());
  const folder = await mkdtemp(join(base, 'postrider-'));
  await chmod(folder, 0o711);
  await writeFile(memory(dataDir), folder);
  return folder;
}

async function copyOf(binaries: PostgresBinaries, folder: string): Promise<PostgresBinaries> {
  const copy = join(folder, `binaries-${createHash('sha256').update(binaries.root).digest('hex').slice(0, 12)}`);
  if (!(await isFolder(copy))) {
    const unfinished = await mkdtemp(`${copy}-`);
    await cp(binaries.root, unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, copy);
  }
  return binariesIn(copy);
}

function memory(dataDir: string): string {
  return join(dataDir, 'postgres-is-in');
}

async function isOwnFolder(path: string, uid: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && found.isDirectory() && found.uid === uid;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
