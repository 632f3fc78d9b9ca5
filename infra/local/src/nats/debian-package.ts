// nats-server from Debian, on Debian: signed by the distribution, from the mirror the machine is configured for, without root.
//
// The machine's own release carries a server that is too old, so this takes the package of the suite `testing`, a static binary that needs
// nothing but the C library. Nothing is installed and no state of the system is touched: apt gets its lists and cache in a
// folder of ours and one source line, made from the system's own mirror and keyring, and verifies the signatures as always; the
// package is then unpacked as an archive.
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianPackage {
  readonly name: string;
  /** `testing`, or the machine's own release. */
  readonly suite: string;
  /** The binary's path inside the package. */
  readonly binary: string;
}

const natsServer: DebianPackage = { name: 'nats-server', suite: 'testing', binary: 'usr/sbin/nats-server' };

export interface AptSource {
  readonly uri: string;
  readonly keyring: string;
}

/** Whether this machine can: Debian itself (a derivative's mirrors have no `testing`), with apt and dpkg. */
export async function hasDebianPackages(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID="?debian"?$/m.test(release)) return false;
  const tools = ['/usr/bin/apt-get', '/usr/bin/dpkg', debianKeyring];
  const found = await Promise.allSettled(tools.map(async (tool) => access(tool)));
  return found.every(({ status }) => status === 'fulfilled');
}

/** Downloads and unpacks the package below a folder of the caller's; returns the path of the binary. */
export async function unpackDebianPackage(folder: string, wanted: DebianPackage = natsServer): Promise<string> {
  const { name, suite, binary } = wanted;
  const { uri, keyring } = debianSource(await systemSources());
  const sourceList = join(folder, 'sources.list');
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
  for (const path of [join(state, 'lists', 'partial'), join(cache, 'archives', 'partial')])
    await mkdir(path, { recursive: true });
  await writeFile(sourceList, `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  const settings = {
    'Dir::State': state,
    'Dir::Cache': cache,
    'Dir::Etc::SourceList': sourceList,
    'Dir::Etc::SourceParts': '-',
    // As root apt would drop to an account that can't write here; the signatures are checked either way.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '15',
    'Acquire::https::Timeout': '15',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, '--quiet', 'update'], folder);
  await run('apt-get', [...options, '--quiet', 'download', name], folder);
  const archive = (await readdir(folder)).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get left no package of ${name} in ${folder}.`);
  await run('dpkg', ['-x', archive, 'unpacked'], folder);
  return join(folder, 'unpacked', binary);
}

/**
 * The system's own source of the Debian archive, whether in one-line or in deb822 style, else the public one. Third parties like to end
 * their addresses in /debian as well: theirs are signed by other keys.
 */
export function debianSource(files: readonly string[]): AptSource {
  const found = files.flatMap((text) => [...deb822Sources(text), ...oneLineSources(text)]);
  const archive = found.find(({ uri, keyring }) => isArchive(uri) && /^$|\/debian-archive[^/]*$/.test(keyring));
  return { uri: archive?.uri ?? 'http://deb.debian.org/debian', keyring: archive?.keyring || debianKeyring };
}

function deb822Sources(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(.+)$`, 'im').exec(stanza)?.[1]?.trim() ?? '';
    if (/^no$/i.test(field('Enabled')) || !/\bdeb\b(?!-)/.test(field('Types'))) return [];
    return field('URIs')
      .split(/\s+/)
      .map((uri) => ({ uri, keyring: field('Signed-By') }));
  });
}

function oneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, options = '', uri] = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s/.exec(line.trim()) ?? [];
    return uri === undefined ? [] : [{ uri, keyring: /signed-by=(\S+)/.exec(options)?.[1] ?? '' }];
  });
}

/** The archive itself or a dated snapshot of it, under whatever host; the security archive carries only some packages. */
function isArchive(uri: string): boolean {
  return /^https?:\/\/.*\/debian(\/\d{8}T\d{6}Z)?\/?$/.test(uri);
}

async function systemSources(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const paths = [
    '/etc/apt/sources.list',
    ...names.sort((a, b) => a.localeCompare(b, 'en')).map((name) => join(folder, name)),
  ];
  return Promise.all(paths.map(async (path) => readFile(path, 'utf8').catch(() => '')));
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  await promisify(execFile)(command, args, { cwd, timeout: 120_000 });
}
