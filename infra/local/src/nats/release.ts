import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

export const natsRelease = {
  version: '2.14.5',
  baseUrl: 'https://github.com/nats-io/nats-server/releases/download',
  /** SHA-256 of the archives whose checksum was verified by hand; other platforms are not downloaded. */
  sha256: {
    'linux-amd64': '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
    'linux-arm64': '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
  } as Readonly<Record<string, string>>, // looked up by whatever platform this is
};

export interface ReleaseOptions {
  readonly baseUrl: string;
  readonly version: string;
  /** As the release names it: `linux-amd64`. */
  readonly platform: string;
  readonly sha256: string;
  /** An empty folder of the caller's. */
  readonly folder: string;
  readonly answerWithinMs?: number;
}

/** Downloads an official release into a folder and returns the path of the binary, unpacked only after its checksum was right. */
export async function downloadRelease(options: ReleaseOptions): Promise<string> {
  const { version, platform, folder } = options;
  const name = `nats-server-v${version}-${platform}`;
  const url = `${options.baseUrl.replace(/\/+$/, '')}/v${version}/${name}.tar.gz`;
  const archive = join(folder, `${name}.tar.gz`);
  await download(url, archive, options.answerWithinMs ?? 5_000);
  const found = await sha256Of(archive);
  if (found !== options.sha256) {
    throw new Error(`${url} has the SHA-256 ${found} instead of ${options.sha256}; it was not unpacked.`);
  }
  await promisify(execFile)('tar', ['-xzf', archive, '-C', folder]);
  return join(folder, name, 'nats-server');
}

/** The platform in the words of the NATS project's releases. */
export function releasePlatform(platform: string = process.platform, arch: string = process.arch): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return `${platform}-${names[arch] ?? arch}`;
}

async function download(url: string, path: string, answerWithinMs: number): Promise<void> {
  // Two patiences: a short one for the first answer (a firewall may swallow everything), a longer one for silence in the middle.
  const abort = new AbortController();
  const patience = setTimeout(() => abort.abort(new Error(`no answer within ${answerWithinMs} ms`)), answerWithinMs);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    const body = Readable.fromWeb(response.body);
    body.on('data', () => patience.refresh());
    await pipeline(body, createWriteStream(path), { signal: abort.signal });
  } catch (cause) {
    throw new Error(`${url} could not be downloaded: ${reasonOf(abort.signal.reason ?? cause)}.`, { cause });
  } finally {
    clearTimeout(patience);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** fetch says "fetch failed" and keeps why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
