import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { z } from 'zod';

/** What a long transaction does to the tables of an outbox, at a moment. */
export interface ListSample {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly deadInList: number;
  readonly deadInLog: number;
  /** Pages that are read to find the oldest pending event. */
  readonly pagesRead: number;
}

export interface Sampling {
  readonly taken: readonly ListSample[];
  stop(): Promise<void>;
}

const everyMs = 5_000;

export function startSampling(adminUrl: string, seconds: () => number, signal: AbortSignal): Sampling {
  const taken: ListSample[] = [];
  const stopping = new AbortController();
  const either = AbortSignal.any([stopping.signal, signal]);
  const sampling = (async () => {
    while (!either.aborted) {
      taken.push(await sampleList(adminUrl, seconds()));
      await sleep(everyMs, undefined, { signal: either }).catch(() => undefined); // Rejects only when it is over.
    }
  })();
  return {
    taken,
    async stop() {
      stopping.abort();
      await sampling;
    },
  };
}

export async function sampleList(adminUrl: string, at: number): Promise<ListSample> {
  const client = new Client({ connectionString: adminUrl, application_name: 'chaos' });
  await client.connect();
  try {
    await client.query('create extension if not exists pgstattuple');
    const { rows } = await client.query<{ list: string; log: string }>(
      `select (pgstattuple('outbox_pending')).dead_tuple_count as list, (pgstattuple('outbox_event')).dead_tuple_count as log`,
    );
    const plan = await client.query<Record<string, unknown>>(
      'explain (analyze, buffers, format json) select id from outbox_pending order by id limit 500',
    );
    return {
      at: Math.round(at),
      deadInList: Number(rows[0]?.list),
      deadInLog: Number(rows[0]?.log),
      pagesRead: readPages(plan.rows[0]),
    };
  } finally {
    await client.end();
  }
}

const plans = z.tuple([
  z.object({ Plan: z.object({ 'Shared Hit Blocks': z.number(), 'Shared Read Blocks': z.number() }) }),
]);

function readPages(row: Record<string, unknown> | undefined): number {
  const [{ Plan: plan }] = plans.parse(row?.['QUERY PLAN']);
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}
