import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { isDatabaseOutage } from './database.ts';
import type { Logger } from './logger.ts';

/**
 * The theory. What has served its time is removed by age, every few minutes, in statements of at most a thousand rows with a pause
 * between them: each holds its locks for milliseconds, vacuum keeps up, and nobody's request waits behind a night's clean-up.
 *
 * A round takes a connection of its own and, on it, an advisory lock that it does not wait for: of any number of replicas one works, and
 * the others have nothing to do. The lock ends with the connection, so a process that dies in a round leaves none behind.
 * Two at once would do no harm, only the same work twice.
 *
 * A round that fails has removed what it has removed; the next one goes on. Nothing here is urgent, so nothing is tried again sooner.
 */
export interface Housekeeping extends AsyncDisposable {
  /** Works now, unless another replica does. Rejects when the database does. */
  runOnce(): Promise<Removed>;
}

/** Rows that went, by the name of their removal. */
export type Removed = Readonly<Record<string, number>>;

/** One kind of rows, and how to be rid of the old ones. */
export interface Removal {
  /** What goes, as the log says it: `expired challenges`. */
  readonly name: string;
  /** One statement: removes at most `limit` rows and says how many went. It is called until none does. */
  remove(client: Pick<Client, 'query'>, limit: number): Promise<number>;
}

export interface HousekeepingOptions {
  readonly databaseUrl: string;
  readonly removals: readonly Removal[];
  readonly log: Logger;
  /** Awaited before the first round: the tables may not be there yet. Rejects when the signal aborts first. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly everyMs?: number;
  /** Rows a statement. */
  readonly batch?: number;
  /** Between two statements. */
  readonly pauseMs?: number;
}

/** Starts the rounds; returns at once. Disposing it ends the statement under way, and no other is begun. */
export function startHousekeeping(options: HousekeepingOptions): Housekeeping {
  const stopping = new AbortController();
  const settings = { ...defaults, ...options };
  const running = repeat(settings, stopping.signal);
  return {
    runOnce: () => round(settings, stopping.signal),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

const defaults = { ready: () => Promise.resolve(), everyMs: 5 * 60_000, batch: 1_000, pauseMs: 50 };
type Settings = Required<HousekeepingOptions>;

async function repeat(settings: Settings, signal: AbortSignal): Promise<void> {
  const { log, everyMs } = settings;
  await settings.ready(signal).catch(() => undefined); // Rejects only when stopped.
  while (!signal.aborted) {
    await round(settings, signal).catch((error: unknown) => {
      log.warn({ err: error }, 'housekeeping interrupted: the next round goes on');
    });
    // Replicas that were started together spread out by themselves.
    await pause(everyMs * (0.9 + Math.random() * 0.2), signal);
  }
}

async function round(settings: Settings, signal: AbortSignal): Promise<Removed> {
  const removed: Record<string, number> = {};
  await using client = await connect(settings.databaseUrl);
  const { rows } = await client.query<{ mine: boolean }>(
    `select pg_try_advisory_lock(hashtext('postrider.housekeeping')) as mine`,
  );
  if (rows[0]?.mine !== true) return removed;
  try {
    for (const removal of settings.removals) await removeAll(client, removal, { ...settings, signal, removed });
  } finally {
    if (Object.keys(removed).length > 0) settings.log.info({ removed }, 'housekeeping removed old rows');
  }
  return removed;
}

interface Round extends Settings {
  readonly signal: AbortSignal;
  readonly removed: Record<string, number>;
}

/** A removal that is refused (a bug) must not keep the others from their work; an outage ends the round. */
async function removeAll(
  client: Client,
  removal: Removal,
  { signal, removed, batch, pauseMs, log }: Round,
): Promise<void> {
  try {
    while (!signal.aborted) {
      const went = await removal.remove(client, batch);
      if (went === 0) return;
      removed[removal.name] = (removed[removal.name] ?? 0) + went;
      await pause(pauseMs, signal);
    }
  } catch (error) {
    if (isDatabaseOutage(error)) throw error;
    log.error({ err: error, removal: removal.name }, 'housekeeping can’t remove these rows');
  }
}

async function connect(connectionString: string): Promise<Client & AsyncDisposable> {
  const client = new Client({
    connectionString,
    application_name: 'housekeeping',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  });
  client.on('error', () => undefined); // The query in flight rejects on its own.
  await client.connect();
  // A connection that is lost already has nothing to end.
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end().catch(() => undefined) });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop, and then that is the answer.
}
