import { execFileSync } from 'node:child_process';
import { access, chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hasDebianPackages, unpackDebianPackage } from '../nats/debian-package.ts';
import { startServer } from '../process/start-server.ts';
import { createTempFolder } from './temp-folder.ts';

export interface TestNginx extends AsyncDisposable {
  readonly url: string;
}

/** Runs nginx with a configuration of its own text, in a folder of its own; it listens on this port of the loopback. */
export async function testNginx(binary: string, configuration: string, port: number): Promise<TestNginx> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await createTempFolder('nginx'));
  await chmod(folder, 0o755);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  starting.use(
    await startServer({
      title: `nginx on port ${port}`,
      command: binary,
      args: ['-p', folder, '-c', file, '-e', 'stderr', '-g', 'daemon off;'],
      env: {},
      diesWithUs: 'reaper',
      stopBy: [{ signal: 'SIGTERM', graceMs: 5_000 }],
      readyWithinMs: 20_000,
      isReady: async () => {
        // Whatever it answers, it answers.
        const answer = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).catch(() => undefined);
        return answer !== undefined;
      },
    }),
  );
  const running = starting.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/**
 * An nginx with the `auth_request` module: NGINX_BIN, one of the PATH, or Debian's package, which is unpacked into the cache and not
 * installed. Undefined where there is none to be had.
 */
export async function findNginx(): Promise<string | undefined> {
  const named = process.env['NGINX_BIN'];
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const cached = join(cacheFolder(), 'nginx');
  for (const path of [...folders.map((folder) => join(folder, 'nginx')), cached]) if (isGood(path)) return path;
  if (!(await hasDebianPackages())) return undefined;
  return fetchFromDebian(cached).catch(() => undefined); // Offline: the tests say that they are skipped.
}

/** Fetched beside its place and renamed, so that nobody ever finds half of it. */
async function fetchFromDebian(path: string): Promise<string | undefined> {
  const suite = /^VERSION_CODENAME=(\w+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(cacheFolder(), '.fetching-'));
  try {
    const fetched = await unpackDebianPackage(folder, { name: 'nginx', suite, binary: 'usr/sbin/nginx' });
    await access(fetched);
    await copyFile(fetched, join(folder, 'complete'));
    await rename(join(folder, 'complete'), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return isGood(path) ? path : undefined;
}

/** Whether it runs here, with the libraries that are here, and can ask somebody else. */
function isGood(path: string): boolean {
  try {
    const shown = execFileSync('/bin/sh', ['-c', '"$0" -V 2>&1', path], { encoding: 'utf8' });
    return shown.includes('--with-http_auth_request_module');
  } catch {
    return false;
  }
}

function cacheFolder(): string {
  const { POSTRIDER_CACHE_DIR: own, XDG_CACHE_HOME: shared } = process.env;
  return join(own || join(shared || join(homedir(), '.cache'), 'postrider'), 'nginx');
}
