import { access, chmod, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes the folder that holds everything of a stack, for this user alone. As root others may pass through it, though not look into it:
 * PostgreSQL, which then runs as another account, has its files in there.
 */
export async function openDataDir(dataDir: string): Promise<void> {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    await mkdir(dataDir, { recursive: true, mode });
    await chmod(dataDir, mode);
    for (const name of ['logs', 'run']) await mkdir(join(dataDir, name), { recursive: true, mode: 0o700 });
    for (const name of ['logs', 'run']) await access(join(dataDir, name), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Error(
      `The data dir ${dataDir} can't be used by this user (${reasonOf(cause)}). Was it made by another one? Set POSTRIDER_DATA_DIR to a folder of your own.`,
      { cause },
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
