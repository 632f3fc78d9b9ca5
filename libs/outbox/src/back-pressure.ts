import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Pool } from 'pg';

/**
 * The theory. While a stream takes nothing, the outbox grows with every write, until the disk decides. Above a high-water mark writers
 * should be turned away instead, with an answer that says when to come back. Counting for each write would cost more than
 * the write: so one look a second, every five while nothing waits at all, over no more rows than the mark, and everybody reads its
 * result. It opens again below four fifths of the mark, so that it does not flutter. When the database does not answer it stays as it
 * was: writers learn that themselves.
 */
export interface BackPressure extends AsyncDisposable {
  /** Whether new writes should be refused. */
  isOn(): boolean;
}

export interface BackPressureOptions {
  readonly databaseUrl: string;
  /** Pending events above which writers are turned away. */
  readonly highWater: number;
  readonly log: Logger;
  /** Awaited before the first look: the tables may not be there yet. Rejects when the signal aborts first. */
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly everyMs?: number;
}

export function watchBacklog(options: BackPressureOptions): BackPressure {
  const { databaseUrl, highWater, log, everyMs = 1_000, ready = () => Promise.resolve() } = options;
  const pool = new Pool({ connectionString: databaseUrl, max: 1, application_name: 'outbox-backlog', keepAlive: true });
  pool.on('error', (error) => log.debug({ err: error }, 'idle database connection lost'));
  const stopping = new AbortController();
  const { signal } = stopping;
  let isOn = false;
  let isFailing = false;

  const look = async (): Promise<number> => {
    const { rows } = await pool.query<{ n: number }>(countSql, [highWater + 1]);
    const pending = rows[0]?.n ?? 0;
    const turns = isOn ? pending < highWater * 0.8 : pending > highWater;
    if (!turns) return pending;
    isOn = !isOn;
    if (isOn) log.error({ highWater }, 'outbox above its high-water mark: writes are refused');
    else log.info({ highWater }, 'outbox below its high-water mark: writes are taken again');
    return pending;
  };
  const watching = (async () => {
    await ready(signal).catch(() => undefined); // Rejects only when stopped.
    while (!signal.aborted) {
      let pauseMs = everyMs;
      try {
        if ((await look()) === 0) pauseMs = everyMs * 5;
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.warn({ err: error }, 'outbox not counted: back-pressure stays as it was');
        isFailing = true;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    isOn: () => isOn,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
      if (!pool.ended) await pool.end();
    },
  };
}

const countSql = 'select count(*)::int as n from (select from outbox_pending limit $1) as counted';
