import { execFileSync } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hasDebianPackages, unpackDebianPackage } from '../nats/debian-package.ts';

export interface WantedTool {
  /** As the PATH has it. */
  readonly command: string;
  /** The variable of the environment that names another one. */
  readonly variable: string;
  /** Debian's package of it, of the machine's own release, and its path in there. */
  readonly debian: { readonly name: string; readonly binary: string };
  /** A shell command line after the tool's path, whose output must say `says`: it runs here, with the libraries that are here. */
  readonly probe: string;
  readonly says: string;
}

/**
 * A tool that a test needs: the one that the variable names, one of the PATH, or Debian's package, which is unpacked into the cache and not
 * installed. Undefined where there is none to be had.
 */
export async function findDebianTool(wanted: WantedTool): Promise<string | undefined> {
  const { command, variable } = wanted;
  const named = process.env[variable];
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const cached = join(cacheFolder(command), command);
  const paths = [...folders.map((folder) => join(folder, command)), cached];
  const found = paths.find((path) => isGood(path, wanted));
  if (found !== undefined || !(await hasDebianPackages())) return found;
  return fetchFromDebian(cached, wanted).catch(() => undefined); // Offline: the tests say that they are skipped.
}

/** Fetched beside its place and renamed, so that nobody ever finds half of it. */
async function fetchFromDebian(path: string, wanted: WantedTool): Promise<string | undefined> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const cache = cacheFolder(wanted.command);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, '.fetching-'));
  try {
    const fetched = await unpackDebianPackage(folder, { ...wanted.debian, suite });
    await access(fetched);
    await copyFile(fetched, join(folder, 'complete'));
    await rename(join(folder, 'complete'), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return isGood(path, wanted) ? path : undefined;
}

function isGood(path: string, { probe, says }: WantedTool): boolean {
  try {
    return execFileSync('/bin/sh', ['-c', `"$0" ${probe} 2>&1`, path], { encoding: 'utf8' }).includes(says);
  } catch {
    return false;
  }
}

function cacheFolder(command: string): string {
  const { POSTRIDER_CACHE_DIR: own, XDG_CACHE_HOME: shared } = process.env;
  return join(own || join(shared || join(homedir(), '.cache'), 'postrider'), command);
}
