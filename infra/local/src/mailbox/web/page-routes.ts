import { readFile } from 'node:fs/promises';
import { simpleParser } from 'mailparser';
import { latestId, openMail } from '../api/routes.ts';
import type { MailStore } from '../store/mail-store.ts';
import type { Route } from './http-server.ts';
import { redirect, RequestError, text } from './reply.ts';
import type { Reply } from './reply.ts';
import { escapeHtml, opensLinksInNewTab } from './mail-html.ts';

/** The inbox: its own files and API, nothing from elsewhere, no inline script, and no HTML made from strings. */
const inboxPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/**
 * A mail's HTML: styles and embedded images only, nothing is loaded and nothing runs. The sandbox is said here and not
 * only by the inbox's iframe, so that the mail is without an origin and without script also when opened by itself.
 * Links may open a tab, which is an ordinary one.
 */
const mailPolicy = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  'sandbox allow-popups allow-popups-to-escape-sandbox',
].join('; ');

const assets = [
  ['inbox.css', 'text/css'],
  ['inbox.js', 'text/javascript'],
  ['mail-list.js', 'text/javascript'],
  ['mail-view.js', 'text/javascript'],
  ['dom.js', 'text/javascript'],
  ['favicon.svg', 'image/svg+xml'],
] as const;

/** The inbox page and what it shows, under Mailpit's paths: `/view/{ID}`, `/view/latest`, `/view/{ID}.html` and `.txt`. */
export async function pageRoutes({ store, smtpUrl }: { store: MailStore; smtpUrl: string }): Promise<Route[]> {
  const inbox = (await readPage('inbox.html')).toString('utf8').replaceAll('{{smtpUrl}}', escapeHtml(smtpUrl));
  const page: Reply = {
    status: 200,
    type: 'text/html',
    body: inbox,
    headers: { 'content-security-policy': inboxPolicy },
  };
  return [
    { method: 'GET', path: /^\/$/, answer: () => page },
    { method: 'GET', path: /^\/view\/latest$/, answer: ({ url }) => redirectToLatest(store, url) },
    { method: 'GET', path: /^\/view\/[0-9a-zA-Z]+$/, answer: () => page },
    {
      method: 'GET',
      path: /^\/view\/(?<id>[0-9a-zA-Z]+)\.html$/,
      answer: async (request) => mailHtml((await openMail(store, request)).mail.raw),
    },
    {
      method: 'GET',
      path: /^\/view\/(?<id>[0-9a-zA-Z]+)\.txt$/,
      answer: async (request) => text((await simpleParser((await openMail(store, request)).mail.raw)).text ?? ''),
    },
    ...(await Promise.all(assets.map(assetRoute))),
  ];
}

function redirectToLatest(store: MailStore, url: URL): Reply {
  const id = latestId(store, url);
  return redirect(id === undefined ? '/' : `/view/${id}`);
}

async function mailHtml(raw: Buffer): Promise<Reply> {
  const { html } = await simpleParser(raw, { skipTextToHtml: true }); // Embedded images become data: URLs.
  if (!html) throw new RequestError(404, 'This mail has no HTML part.');
  const body = opensLinksInNewTab(html);
  return { status: 200, type: 'text/html', body, headers: { 'content-security-policy': mailPolicy } };
}

async function assetRoute([name, type]: (typeof assets)[number]): Promise<Route> {
  const body = await readPage(name);
  return {
    method: 'GET',
    path: new RegExp(`^/assets/${RegExp.escape(name)}$`),
    answer: () => ({ status: 200, type, body }),
  };
}

function readPage(name: string): Promise<Buffer> {
  return readFile(new URL(`./page/${name}`, import.meta.url));
}
