import { z } from 'zod';
import { matches } from '../search/matches.ts';
import { parseQuery, QueryError } from '../search/parse-query.ts';
import type { ListedMail, MailStore, StoredMail } from '../store/mail-store.ts';
import type { Request, Route } from '../web/http-server.ts';
import { json, RequestError, text } from '../web/reply.ts';
import { appInformation } from './info.ts';
import { message, messageHeaders, messagesSummary } from './mailpit.ts';

const DEFAULT_LIMIT = 50;

const page = z.object({
  start: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).default(DEFAULT_LIMIT),
});

const deletion = z.object({ IDs: z.array(z.string()).default([]) });

/**
 * The part of Mailpit's REST API that tests use, under its own paths. Two differences, both where Mailpit guesses: a
 * `start` or `limit` that is no number is refused, and so is a deletion with a body that is not JSON (Mailpit deletes all).
 */
export function apiRoutes({ store, dataDir }: { store: MailStore; dataDir: string }): Route[] {
  return [
    { method: 'GET', path: /^\/api\/v1\/messages$/, answer: ({ url }) => listMessages(store, url) },
    { method: 'DELETE', path: /^\/api\/v1\/messages$/, answer: (request) => deleteMessages(store, request) },
    { method: 'GET', path: /^\/api\/v1\/search$/, answer: ({ url }) => searchMessages(store, url) },
    { method: 'GET', path: /^\/api\/v1\/info$/, answer: () => json(appInformation(store, dataDir)) },
    {
      method: 'GET',
      path: /^\/api\/v1\/message\/(?<id>[^/]+)$/,
      answer: async (request) => {
        const { id, mail } = await openMail(store, request);
        return json(await message(id, mail));
      },
    },
    {
      method: 'GET',
      path: /^\/api\/v1\/message\/(?<id>[^/]+)\/headers$/,
      answer: async (request) => json(messageHeaders((await findMail(store, request)).mail)),
    },
    {
      method: 'GET',
      path: /^\/api\/v1\/message\/(?<id>[^/]+)\/raw$/,
      answer: async (request) => text((await findMail(store, request)).mail.raw),
    },
  ];
}

/** `findMail`, and marks it read: as in Mailpit, for those who look at a mail, not at its raw text or headers. */
export async function openMail(store: MailStore, request: Request): Promise<FoundMail> {
  const found = await findMail(store, request);
  store.markRead(found.id);
  return found;
}

type FoundMail = { id: string; mail: StoredMail };

/** The mail that a path names, by ID or as `latest` (of those that `?query=` finds, if given). 404 when there is none. */
async function findMail(store: MailStore, { params, url }: Request): Promise<FoundMail> {
  const id = params['id'] === 'latest' ? latestId(store, url) : params['id'];
  const mail = id === undefined ? undefined : await store.read(id);
  if (id === undefined || !mail) throw new RequestError(404, `There is no mail "${params['id']}".`);
  return { id, mail };
}

export function latestId(store: MailStore, url: URL): string | undefined {
  const query = url.searchParams.get('query')?.trim();
  return (query ? find(store.list(), query) : store.list())[0]?.id;
}

function listMessages(store: MailStore, url: URL) {
  const { start, limit } = parsePage(url);
  const all = store.list();
  return json(messagesSummary(all, all, start, limit === 0 ? all.length : limit)); // Mailpit: 0 is no limit, here alone.
}

function searchMessages(store: MailStore, url: URL) {
  const { start, limit } = parsePage(url);
  const all = store.list();
  return json(messagesSummary(all, find(all, url.searchParams.get('query') ?? ''), start, limit));
}

async function deleteMessages(store: MailStore, { readBody }: Request) {
  const { IDs } = parseDeletion(await readBody());
  await store.remove(IDs.length > 0 ? IDs : 'all');
  return text('ok');
}

function find(mails: ListedMail[], query: string): ListedMail[] {
  try {
    const terms = parseQuery(query);
    return mails.filter((mail) => matches(mail, terms));
  } catch (error) {
    if (error instanceof QueryError) throw new RequestError(400, error.message);
    throw error;
  }
}

function parsePage(url: URL): z.infer<typeof page> {
  const result = page.safeParse(Object.fromEntries(url.searchParams));
  if (result.success) return result.data;
  const names = result.error.issues.map((issue) => issue.path.join('.'));
  throw new RequestError(400, `"${names.join('" and "')}" must be a whole number from 0, in "${url.search}".`);
}

function parseDeletion(body: string): z.infer<typeof deletion> {
  try {
    return deletion.parse(body.trim() === '' ? {} : JSON.parse(body));
  } catch {
    throw new RequestError(400, 'The body must be JSON such as {"IDs":["…"]}, or empty to delete every mail.');
  }
}
