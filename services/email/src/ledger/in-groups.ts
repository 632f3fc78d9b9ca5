import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { isDatabaseOutage } from '@postrider/runtime/database';

/**
 * The theory. A transaction costs its statements, its round trips and a sync of the disk, however few rows it writes; mails that are under
 * way at once can share one. What comes while a group is being written waits for its end and is the next group, so nobody waits for
 * company: under load groups grow, at rest each is written alone, at once. Everybody is answered after the commit, so that
 * what a caller does next is done about something that is on disk, as if it had written alone.
 *
 * A group that the database refuses may be refused for one of its items, and nothing of it was written: each is then written by itself. An
 * outage is everybody's, since the commit may have happened: each caller decides as it would for a commit of its own.
 *
 * In traces a group's statements are below the first of its callers.
 *
 * @param write commits all items or none, and answers each in its place
 */
export function inGroups<Item, Result>(
  write: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let isWriting = false;
  const writeAll = async (): Promise<void> => {
    await endOfTurn(); // Who is ready in the same turn goes together.
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await group[0]?.inContext(async () => writeGroup(write, group));
    }
    isWriting = false;
  };
  return async (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject, inContext: AsyncLocalStorage.snapshot() });
      if (isWriting) return;
      isWriting = true;
      void writeAll(); // Never rejects: who waits is told.
    });
}

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
  inContext<T>(work: () => T): T;
}

async function writeGroup<Item, Result>(
  write: (items: readonly Item[]) => Promise<readonly Result[]>,
  group: readonly Waiting<Item, Result>[],
): Promise<void> {
  try {
    const results = await write(group.map(({ item }) => item));
    for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result); // An answer for each, or `write` is wrong.
  } catch (error) {
    if (group.length === 1 || isDatabaseOutage(error)) for (const { reject } of group) reject(error);
    else for (const one of group) await one.inContext(async () => writeGroup(write, [one]));
  }
}
