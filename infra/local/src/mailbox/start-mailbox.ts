import { access, constants } from 'node:fs/promises';
import type { Logger } from 'pino';
import { apiRoutes } from './api/routes.ts';
import { authority } from './listen.ts';
import { startSmtp } from './smtp.ts';
import { openMailStore } from './store/mail-store.ts';
import type { ChangeFeed } from './web/change-feed.ts';
import { createChangeFeed } from './web/change-feed.ts';
import type { Route } from './web/http-server.ts';
import { startHttpServer } from './web/http-server.ts';
import { pageRoutes } from './web/page-routes.ts';
import { json, text } from './web/reply.ts';

export type MailboxOptions = {
  host: string;
  /** 0 is any free port. */
  smtpPort: number;
  httpPort: number;
  /** Holds nothing but mails, one file each; made when absent. One mailbox per directory. */
  dataDir: string;
  log: Logger;
  /** The oldest mails beyond this many are removed. */
  maxMessages?: number;
};

export type Mailbox = AsyncDisposable & { smtpUrl: string; url: string };

const DEFAULT_MAX_MESSAGES = 10_000;

/**
 * The development mailbox: takes every mail over SMTP, delivers none, shows them at `url` and answers Mailpit's API.
 * A mail answered 250 is on disk and outlives a kill of the process. Dispose stops intake, lets mails in flight finish
 * and closes the pages that watch.
 */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { host, dataDir, log, maxMessages = DEFAULT_MAX_MESSAGES } = options;
  await using starting = new AsyncDisposableStack();
  const feed = createChangeFeed();
  const store = starting.use(await openMailStore({ dir: dataDir, maxMessages, log, onChange: feed.notify }));
  const smtp = starting.use(await startSmtp({ host, port: options.smtpPort, store, log }));
  const routes = [
    ...healthRoutes(dataDir),
    ...apiRoutes({ store, dataDir }),
    ...(await pageRoutes({ store, smtpUrl: smtp.url })),
    eventRoute(feed),
  ];
  const http = starting.use(await startHttpServer({ host, port: options.httpPort, routes, log }));
  starting.use(feed); // Stops before the HTTP server does, which waits for open responses.

  const running = starting.move();
  const url = `http://${authority(host, http.port)}`;
  log.info({ url, smtpUrl: smtp.url, mails: store.list().length }, 'mailbox ready');
  return { smtpUrl: smtp.url, url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function healthRoutes(dataDir: string): Route[] {
  return [
    { method: 'GET', path: /^\/livez$/, answer: () => json({ status: 'live' }) },
    {
      method: 'GET',
      path: /^\/readyz$/,
      answer: async () => {
        const writable = await access(dataDir, constants.W_OK).then(
          () => true,
          () => false,
        );
        return writable ? json({ status: 'ready' }) : text(`The store "${dataDir}" can't be written to.`, 503);
      },
    },
  ];
}

function eventRoute(feed: ChangeFeed): Route {
  return { method: 'GET', path: /^\/events$/, stream: feed.subscribe };
}
