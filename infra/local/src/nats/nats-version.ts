import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The oldest server that keeps what it acknowledged and knows per-message TTLs and atomic batches. */
export const oldestNatsServer = '2.12.4';

/** The version a nats-server binary says it has, such as `2.14.5`. Throws when it can't be run or says something else. */
export async function natsServerVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 10_000 });
  return parseNatsVersion(stdout);
}

/** Reads `nats-server: v2.14.5`, also with what distributions append. */
export function parseNatsVersion(output: string): string {
  const version = /^nats-server: v?(\d+\.\d+\.\d+)/m.exec(output)?.[1];
  if (version === undefined)
    throw new Error(`Expected the version of a nats-server, found ${JSON.stringify(output.trim())}.`);
  return version;
}

export function isNewEnough(version: string): boolean {
  return version.localeCompare(oldestNatsServer, 'en', { numeric: true }) >= 0;
}
