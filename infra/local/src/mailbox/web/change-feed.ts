import type { ServerResponse } from 'node:http';

/** Tells open pages, by server-sent events, that the list of mails is not what it was. */
export type ChangeFeed = Disposable & {
  /** Cheap and never fails: called for every mail. */
  notify: () => void;
  subscribe: (response: ServerResponse) => void;
};

const GATHER_MS = 100;
const HEARTBEAT_MS = 20_000;

/**
 * An event carries nothing: a page that hears it fetches the list again, so it can't drift from the truth, and a
 * page that was away needs no history. Changes within 100 ms are one event, or a flood of mails would be one of
 * fetches. A heartbeat comment keeps idle connections from being taken for dead.
 */
export function createChangeFeed(): ChangeFeed {
  const pages = new Set<ServerResponse>();
  let gathering: NodeJS.Timeout | undefined;
  const tell = (line: string) => {
    for (const page of pages) page.write(`${line}\n\n`);
  };
  const heartbeat = setInterval(() => tell(': still here'), HEARTBEAT_MS).unref();

  return {
    notify: () => {
      if (pages.size === 0) return;
      gathering ??= setTimeout(() => {
        gathering = undefined;
        tell('event: changed\ndata:');
      }, GATHER_MS).unref();
    },
    subscribe: (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('retry: 1000\n\n');
      pages.add(response);
      response.on('close', () => pages.delete(response));
    },
    [Symbol.dispose]: () => {
      clearInterval(heartbeat);
      clearTimeout(gathering);
      for (const page of pages) page.end();
    },
  };
}
