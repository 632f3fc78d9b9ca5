import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGroupedSync } from './grouped-sync.ts';
import { mailIdPattern } from './mail-id.ts';

/** One file a mail, `<ID>.eml`, in one directory. */
export type MailFiles = AsyncDisposable & {
  /** Oldest first. */
  ids: () => Promise<string[]>;
  /** Durable when it resolves: the mail outlives a kill of this process and a loss of power. */
  write: (id: string, bytes: Buffer) => Promise<void>;
  /** Undefined when there is no such mail (any more). */
  read: (id: string) => Promise<Buffer | undefined>;
  /** Durable when it resolves. An ID that is already gone is fine: two deletions may race. */
  remove: (ids: readonly string[]) => Promise<void>;
};

/**
 * Durability: the bytes go to `<ID>.tmp` and are synced, then the file is renamed to its name, then the directory is
 * synced. A crash leaves a whole mail or a .tmp that nobody was promised; the next start removes those. Nothing is
 * ever changed in place, so a reader sees a mail whole or not at all.
 */
export async function openMailFiles(dir: string): Promise<MailFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await removeUnfinished(dir);
  const directory = await open(dir, 'r');
  const syncDirectory = createGroupedSync(() => directory.sync());
  const pathOf = (id: string) => join(dir, `${id}.eml`);

  return {
    ids: () => listIds(dir),
    write: async (id, bytes) => {
      const temporary = join(dir, `${id}.tmp`);
      try {
        await writeSynced(temporary, bytes);
        await rename(temporary, pathOf(id));
        await syncDirectory();
      } catch (error) {
        // The sender is told that the mail was not taken and sends it again: no trace of this attempt may stay.
        await Promise.allSettled([rm(temporary, { force: true }), rm(pathOf(id), { force: true })]);
        throw new Error(`The mail ${id} could not be written to "${dir}".`, { cause: error });
      }
    },
    read: (id) => readFile(pathOf(id)).catch(undefinedIfAbsent),
    remove: async (ids) => {
      for (const id of ids) await rm(pathOf(id), { force: true });
      await syncDirectory();
    },
    [Symbol.asyncDispose]: () => directory.close(),
  };
}

async function removeUnfinished(dir: string): Promise<void> {
  const unfinished = (await readdir(dir)).filter((name) => name.endsWith('.tmp'));
  for (const name of unfinished) await rm(join(dir, name), { force: true });
}

async function listIds(dir: string): Promise<string[]> {
  const name = new RegExp(`^(${mailIdPattern})\\.eml$`);
  const ids = (await readdir(dir)).flatMap((file) => name.exec(file)?.[1] ?? []);
  return ids.sort();
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'wx', 0o600); // The mails hold links that sign people in: for the owner only.
  await file.writeFile(bytes);
  await file.sync();
}

function undefinedIfAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
