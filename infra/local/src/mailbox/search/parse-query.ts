/** The filters of Mailpit's search language that this mailbox has. */
export const addressFilters = ['to', 'from', 'cc', 'bcc', 'reply-to', 'addressed'] as const;

export type Term = { exclude: boolean } & (
  | { filter: (typeof addressFilters)[number] | 'subject' | 'message-id' | 'text'; value: string }
  | { filter: 'read' | 'unread' | 'attachment' }
);

const valueFilters = [...addressFilters, 'subject', 'message-id'] as const;
const flags = {
  'is:read': 'read',
  'is:unread': 'unread',
  'has:attachment': 'attachment',
  'has:attachments': 'attachment',
} as const;
const unsupported = /^(tag|after|before|larger|smaller|is|has):/;

/** Thrown for a query that can't be answered; the message is for its author. */
export class QueryError extends Error {
  override name = 'QueryError';
}

/**
 * Mailpit's syntax: words are joined by "and", `"quoted words"` stay together (also behind a filter, `to:"Ada L"`), a
 * leading `-` or `!` excludes, case does not matter. Filters of Mailpit's that are not here are refused by name, since
 * taking them for text would quietly find nothing. https://mailpit.axllent.org/docs/usage/search-filters/
 */
export function parseQuery(query: string): Term[] {
  const terms = splitWords(query).flatMap((word) => parseTerm(word) ?? []);
  if (terms.length === 0) throw new QueryError('The search query is empty: pass words in the parameter "query".');
  return terms;
}

/** As Mailpit compares: lower case, punctuation of address lists and runs of blanks are one blank. */
export function comparable(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s\uFEFF<>",;()]+/g, ' ')
    .trim();
}

/** Blanks separate words, except between quotes; the quotes go. */
function splitWords(query: string): string[] {
  return (query.match(/(?:"[^"]*(?:"|$)|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', '').trim());
}

function parseTerm(word: string): Term | undefined {
  const exclude = word.length > 1 && /^[-!]/.test(word);
  const body = exclude ? word.slice(1) : word;
  const lower = body.toLowerCase();

  const flag = Object.entries(flags).find(([name]) => name === lower)?.[1];
  if (flag) return { exclude, filter: flag };

  const filter = valueFilters.find((name) => lower.startsWith(`${name}:`));
  if (!filter && unsupported.test(lower)) {
    throw new QueryError(`The search filter "${body}" is not one of: ${supportedFilters()}.`);
  }
  const value = comparable(filter ? body.slice(filter.length + 1) : body);
  return value === '' ? undefined : { exclude, filter: filter ?? 'text', value };
}

function supportedFilters(): string {
  return [...valueFilters.map((name) => `${name}:`), ...Object.keys(flags)].join(', ');
}
