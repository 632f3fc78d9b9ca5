import { simpleParser } from 'mailparser';
import type { ParsedMail } from 'mailparser';
import type { Envelope } from '../store/envelope.ts';
import { comparable } from '../search/parse-query.ts';
import type { Addresses } from './addresses.ts';
import { addressesOf } from './addresses.ts';
import { readHeaders, valuesOf } from './read-headers.ts';

/** What the list and the search need of a mail, kept in memory. */
export type MailSummary = Addresses & {
  messageId: string;
  subject: string;
  receivedAt: string;
  sizeBytes: number;
  attachments: number;
  snippet: string;
  /** `comparable`: addresses, subject, file names, text. */
  searchText: string;
};

const SNIPPET_LENGTH = 200;
const SEARCH_TEXT_LENGTH = 20_000;
const HTML_TO_TEXT_LENGTH = 1_000_000;

/** Never rejects: a mail that can't be parsed is still a mail that was received, and shows as what its header says. */
export async function summarise(envelope: Envelope, raw: Buffer): Promise<MailSummary> {
  const fields = readHeaders(raw);
  const addresses = addressesOf(envelope, fields);
  const body = await parseBody(raw);
  const text = normalise(body?.text ?? '');
  const subject = body?.subject ?? valuesOf(fields, 'Subject')[0] ?? '';
  const files = body?.attachments.map((attachment) => attachment.filename ?? '') ?? [];
  return {
    ...addresses,
    messageId: (valuesOf(fields, 'Message-ID')[0] ?? '').replace(/^<|>$/g, ''),
    subject,
    receivedAt: envelope.receivedAt,
    sizeBytes: raw.length,
    attachments: body?.attachments.filter((attachment) => !attachment.related).length ?? 0,
    snippet: text.length <= SNIPPET_LENGTH ? text : `${text.slice(0, SNIPPET_LENGTH).trimEnd()}…`,
    searchText: comparable([addressText(addresses), envelope.from, subject, ...files, text].join(' ')).slice(
      0,
      SEARCH_TEXT_LENGTH,
    ),
  };
}

/** Names and addresses of every role, for searching. */
function addressText({ From, To, Cc, Bcc, ReplyTo }: Addresses): string {
  return [From, ...To, ...Cc, ...Bcc, ...ReplyTo].map(({ Name, Address }) => `${Name} ${Address}`).join(' ');
}

/** The cheap half of mailparser: this runs for every mail before its 250. */
async function parseBody(raw: Buffer): Promise<ParsedMail | undefined> {
  return simpleParser(raw, {
    skipTextToHtml: true,
    skipTextLinks: true,
    keepCidLinks: true,
    checksumAlgo: false,
    maxHtmlLengthToParse: HTML_TO_TEXT_LENGTH,
  }).catch(() => undefined);
}

/** One line; what mails use to fill up their preview line (zero-width characters, soft hyphens) goes. */
function normalise(text: string): string {
  return text.replace(/(?:\s|\p{Cf}|\u034F)+/gu, ' ').trim();
}
