import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { CommitRecord } from './commit-record.ts';
import type { OutboxStage } from './outbox-stage.ts';
import { pace } from './pace.ts';

export interface LoadOptions {
  readonly stage: OutboxStage;
  readonly record: CommitRecord;
  readonly perSecond: number;
  readonly signal: AbortSignal;
}

const aggregates = 200;
const slow = { everyMs: 10_000, lastsMs: 3_000 };

/**
 * Commits events of some aggregates in turn. An aggregate's next commit begins when its former one was heard of, so that its order is known:
 * marks are `<who>-<number>`, and grow. Beside them, transactions that record first and commit three seconds later.
 */
export function startLoad({ stage, record, perSecond, signal }: LoadOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const either = AbortSignal.any([stopping.signal, signal]);
  const lanes = Array.from({ length: aggregates }, () => ({ id: randomUUID(), next: 1, last: Promise.resolve() }));
  const failures: unknown[] = [];
  const commit = (index: number): void => {
    const lane = lanes[index % aggregates];
    if (lane === undefined) return;
    const mark = `${index % aggregates}-${lane.next++}`;
    lane.last = lane.last
      .then(async () => stage.commit(lane.id, mark))
      .then(
        () => record.committed(mark),
        (error: unknown) => void failures.push(error),
      );
  };
  const running = Promise.all([pace(perSecond, either, commit), commitSlowly(stage, record, either)]);
  return {
    async stop() {
      stopping.abort();
      await running;
      await Promise.all(lanes.map(async ({ last }) => last));
      if (failures.length > 0) throw new Error(`${failures.length} commits failed.`, { cause: failures[0] });
    },
  };
}

async function commitSlowly(stage: OutboxStage, record: CommitRecord, signal: AbortSignal): Promise<void> {
  for (let number = 1; !signal.aborted; number++) {
    await sleep(slow.everyMs - slow.lastsMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await using transaction = await begin(stage);
    const mark = `slow-${number}`;
    const { text, values } = stage.insertion(randomUUID(), mark);
    await transaction.client.query(text, values);
    await sleep(slow.lastsMs, undefined, { signal }).catch(() => undefined);
    await transaction.client.query('commit');
    record.committed(mark);
  }
}

/** What a transaction that stays open has done before. */
export type Holder = 'writes-elsewhere' | 'recorded-an-event';

/** @returns ends it, with a commit */
export async function holdOpen(stage: OutboxStage, holder: Holder, record: CommitRecord): Promise<() => Promise<void>> {
  const transaction = await begin(stage);
  const { text, values } = stage.insertion(randomUUID(), 'held-1');
  if (holder === 'recorded-an-event') await transaction.client.query(text, values);
  else await transaction.client.query(`insert into mail_cooldown (address_key, last_at) values ('held', now())`);
  return async () => {
    await transaction.client.query('commit');
    if (holder === 'recorded-an-event') record.committed('held-1');
    await transaction[Symbol.asyncDispose]();
  };
}

async function begin({ databases }: OutboxStage): Promise<AsyncDisposable & { readonly client: Client }> {
  const client = new Client({ connectionString: databases.urls.user, application_name: 'chaos' });
  await client.connect();
  await client.query('begin');
  return { client, [Symbol.asyncDispose]: async () => client.end() };
}
