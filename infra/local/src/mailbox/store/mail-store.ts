import type { Logger } from 'pino';
import { summarise } from '../mail/summarise.ts';
import type { MailSummary } from '../mail/summarise.ts';
import type { Envelope } from './envelope.ts';
import { decodeStoredMail, encodeStoredMail } from './envelope.ts';
import type { MailFiles } from './mail-files.ts';
import { openMailFiles } from './mail-files.ts';
import { createMailIds } from './mail-id.ts';

/** A mail as the list shows it. `read` lives in memory: after a restart every mail is unread again. */
export type ListedMail = MailSummary & { id: string; read: boolean };

export type StoredMail = { envelope: Envelope; raw: Buffer };

export type MailStore = AsyncDisposable & {
  /** Resolves with the ID when the mail is durable and listed: only then may the sender hear 250. */
  add: (mail: { from: string; to: string[]; raw: Buffer }) => Promise<string>;
  /** Newest first. */
  list: () => ListedMail[];
  /** Undefined when there is no such mail (any more). */
  read: (id: string) => Promise<StoredMail | undefined>;
  markRead: (id: string) => void;
  /** Removes these mails, or all, of those listed at the time of the call. An ID that is not listed is passed over. */
  remove: (ids: readonly string[] | 'all') => Promise<void>;
};

type Options = { dir: string; maxMessages: number; log: Logger; onChange: () => void };

const LOAD_BATCH = 64;

/**
 * Files are the truth, the list in memory is derived: built from the files at the start, extended after a mail's file
 * is durable, shortened before files are removed. So the list never names a mail that a crash could take away.
 */
export async function openMailStore({ dir, maxMessages, log, onChange }: Options): Promise<MailStore> {
  await using opening = new AsyncDisposableStack();
  const files = opening.use(await openMailFiles(dir));
  const nextId = createMailIds(Date.now);
  let mails = await load(files, maxMessages, log); // Oldest first, so that a new one is pushed, not inserted.
  const opened = opening.move();

  /** Only what is listed: IDs come from callers, and become file names. */
  async function removeWhere(isToGo: (mail: ListedMail) => boolean): Promise<void> {
    const { gone = [], kept = [] } = Object.groupBy(mails, (mail) => (isToGo(mail) ? 'gone' : 'kept'));
    if (gone.length === 0) return;
    mails = kept;
    onChange();
    await files.remove(gone.map((mail) => mail.id));
  }

  return {
    add: async ({ from, to, raw }) => {
      const id = nextId();
      const envelope = { from, to, receivedAt: new Date().toISOString() };
      const [summary] = await Promise.all([summarise(envelope, raw), files.write(id, encodeStoredMail(envelope, raw))]);
      insert(mails, { ...summary, id, read: false });
      onChange();
      const excess = new Set(mails.slice(0, Math.max(0, mails.length - maxMessages)));
      if (excess.size > 0) await removeWhere((mail) => excess.has(mail));
      return id;
    },
    list: () => mails.toReversed(),
    read: async (id) => {
      const bytes = mails.some((mail) => mail.id === id) ? await files.read(id) : undefined;
      return bytes && decodeStoredMail(bytes);
    },
    markRead: (id) => {
      const mail = mails.find((mail) => mail.id === id);
      if (!mail || mail.read) return;
      mail.read = true;
      onChange();
    },
    remove: async (ids) => {
      const wanted = new Set(ids === 'all' ? mails.map((mail) => mail.id) : ids);
      await removeWhere((mail) => wanted.has(mail.id));
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function load(files: MailFiles, maxMessages: number, log: Logger): Promise<ListedMail[]> {
  const ids = await files.ids();
  await files.remove(ids.splice(0, Math.max(0, ids.length - maxMessages)));
  const mails: ListedMail[] = [];
  for (let start = 0; start < ids.length; start += LOAD_BATCH) {
    const batch = ids.slice(start, start + LOAD_BATCH);
    mails.push(...(await Promise.all(batch.map((id) => loadOne(files, id, log)))).flat());
  }
  return mails;
}

/** A file that is no mail of ours (edited by hand, say) is left where it is and said aloud: it must not stop the start. */
async function loadOne(files: MailFiles, id: string, log: Logger): Promise<ListedMail[]> {
  const bytes = await files.read(id);
  if (!bytes) return [];
  try {
    const { envelope, raw } = decodeStoredMail(bytes);
    return [{ ...(await summarise(envelope, raw)), id, read: false }];
  } catch (error) {
    log.warn({ id, err: error }, 'a stored mail is unreadable and left out of the list');
    return [];
  }
}

/** Mails become durable out of order when several arrive at once; the list is in order of arrival, which IDs are. */
function insert(mails: ListedMail[], mail: ListedMail): void {
  const after = mails.findLastIndex((other) => other.id < mail.id);
  mails.splice(after + 1, 0, mail);
}
