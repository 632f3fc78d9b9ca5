import { createHash } from 'node:crypto';
import { simpleParser } from 'mailparser';
import type { Attachment as ParsedAttachment } from 'mailparser';
import type { Address } from '../mail/addresses.ts';
import { addressesOf } from '../mail/addresses.ts';
import { readHeaders, valuesOf } from '../mail/read-headers.ts';
import type { ListedMail, StoredMail } from '../store/mail-store.ts';

/**
 * The wire shapes of Mailpit's REST API (v1.30, internal/storage/structs.go and server/apiv1/messages.go), with its own
 * names and their odd mix of cases. Tests that read these run against a real Mailpit too.
 */
type Recipients = { From: Address; To: Address[]; Cc: Address[]; Bcc: Address[]; ReplyTo: Address[] };

export type MessageSummary = Recipients & {
  ID: string;
  MessageID: string;
  Read: boolean;
  Subject: string;
  Created: string;
  Username: string;
  Tags: string[];
  Size: number;
  Attachments: number;
  Snippet: string;
};

export type MessagesSummary = {
  total: number;
  unread: number;
  count: number;
  messages_count: number;
  messages_unread: number;
  start: number;
  tags: string[];
  messages: MessageSummary[];
};

type Attachment = {
  PartID: string;
  FileName: string;
  ContentType: string;
  ContentID: string;
  Size: number;
  Checksums: { MD5: string; SHA1: string; SHA256: string };
};

export type Message = Recipients & {
  ID: string;
  MessageID: string;
  ReturnPath: string;
  Subject: string;
  ListUnsubscribe: { Header: string; Links: string[]; Errors: string; HeaderPost: string };
  Date: string;
  Tags: string[];
  Username: string;
  Text: string;
  HTML: string;
  Size: number;
  Inline: Attachment[];
  Attachments: Attachment[];
};

/** One page of the mails found, beside the totals of the whole mailbox. */
export function messagesSummary(all: ListedMail[], found: ListedMail[], start: number, limit: number): MessagesSummary {
  const page = found.slice(start, start + limit).map(messageSummary);
  return {
    total: all.length,
    unread: countUnread(all),
    count: page.length,
    messages_count: found.length,
    messages_unread: countUnread(found),
    start,
    tags: [],
    messages: page,
  };
}

export function countUnread(mails: readonly ListedMail[]): number {
  return mails.reduce((count, mail) => count + (mail.read ? 0 : 1), 0);
}

export async function message(id: string, { envelope, raw }: StoredMail): Promise<Message> {
  const fields = readHeaders(raw);
  const mail = await simpleParser(raw, { keepCidLinks: true, skipTextToHtml: true });
  return {
    ID: id,
    MessageID: (valuesOf(fields, 'Message-ID')[0] ?? '').replace(/^<|>$/g, ''),
    ...addressesOf(envelope, fields),
    ReturnPath: envelope.from,
    Subject: mail.subject ?? '',
    ListUnsubscribe: listUnsubscribe(valuesOf(fields, 'List-Unsubscribe'), valuesOf(fields, 'List-Unsubscribe-Post')),
    Date: dateOf(valuesOf(fields, 'Date')) ?? envelope.receivedAt,
    Tags: [],
    Username: '',
    Text: mail.text ?? '',
    HTML: mail.html || '',
    Size: raw.length,
    Inline: mail.attachments.filter((part) => part.related).map(attachment),
    Attachments: mail.attachments.filter((part) => !part.related).map(attachment),
  };
}

/** Every field of the mail by name, and what the envelope knows better: Return-Path, blind copies. */
export function messageHeaders({ envelope, raw }: StoredMail): Record<string, string[]> {
  const fields = readHeaders(raw);
  const headers = new Map<string, string[]>();
  for (const { name, value } of fields) headers.set(name, [...(headers.get(name) ?? []), value]);
  headers.set('Return-Path', [`<${envelope.from}>`]);
  const blind = addressesOf(envelope, fields).Bcc.map((address) => address.Address);
  if (blind.length > 0) headers.set('Bcc', [blind.join(', ')]);
  return Object.fromEntries(headers);
}

function messageSummary(mail: ListedMail): MessageSummary {
  const { From, To, Cc, Bcc, ReplyTo } = mail;
  return {
    ID: mail.id,
    MessageID: mail.messageId,
    Read: mail.read,
    From,
    To,
    Cc,
    Bcc,
    ReplyTo,
    Subject: mail.subject,
    Created: mail.receivedAt,
    Username: '',
    Tags: [],
    Size: mail.sizeBytes,
    Attachments: mail.attachments,
    Snippet: mail.snippet,
  };
}

function dateOf(header: string[]): string | undefined {
  const date = new Date(header[0] ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function listUnsubscribe(header: string[], post: string[]): Message['ListUnsubscribe'] {
  const value = header[0] ?? '';
  const links = [...value.matchAll(/<([^>]+)>/g)].flatMap((link) => link[1]?.trim() ?? []);
  return { Header: value, Links: links, Errors: '', HeaderPost: post[0] ?? '' };
}

function attachment(part: ParsedAttachment): Attachment {
  const hash = (algorithm: string) => createHash(algorithm).update(part.content).digest('hex');
  return {
    PartID: part.partId ?? '1',
    FileName: part.filename ?? part.cid ?? '',
    ContentType: part.contentType,
    ContentID: part.cid ?? '',
    Size: part.size,
    Checksums: { MD5: hash('md5'), SHA1: hash('sha1'), SHA256: hash('sha256') },
  };
}
