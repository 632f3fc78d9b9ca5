import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** A new folder under the system's temporary directory, removed with everything in it on dispose. */
export async function createTempFolder(name: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `postrider-test-${name}-`));
  // As root PostgreSQL runs as another account, which must be able to pass.
  await chmod(path, 0o711);
  return { path, [Symbol.asyncDispose]: async () => rm(path, { recursive: true, force: true }) };
}
