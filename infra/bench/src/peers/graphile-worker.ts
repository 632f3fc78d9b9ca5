import { Logger, run, runMigrations } from 'graphile-worker';
import { accountTable, execute, openedInSql } from './account.ts';
import { producerInOneTransaction } from './in-one-transaction.ts';
import type { Peer } from './peer.ts';

const silent = new Logger(() => () => undefined);

/** https://worker.graphile.org; settings by its own performance guide. */
export const graphileWorker: Peer = {
  name: 'graphile-worker',
  description: 'jobs in PostgreSQL, LISTEN/NOTIFY; for throughput a local queue of 500 and batched completion',
  isTransactional: true,
  needs: [],
  async setUp({ databaseUrl }) {
    await execute(databaseUrl, accountTable);
    await runMigrations({ connectionString: databaseUrl, logger: silent });
  },
  fill: async ({ databaseUrl }, count) =>
    execute(
      databaseUrl,
      `do $$ begin perform graphile_worker.add_jobs(array(
         select ('opened', (${openedInSql})::json, null, null, null, null, null, null)::graphile_worker.job_spec
         from generate_series(0, ${count - 1}) g)); end $$`,
      'vacuum analyze',
    ),
  openProducer: async ({ databaseUrl }, options) =>
    producerInOneTransaction(databaseUrl, options, (event) => ({
      name: 'add-job',
      text: `select graphile_worker.add_job('opened', $1::json)`,
      values: [JSON.stringify(event)],
    })),
  async startConsumer({ databaseUrl }, { tunedFor, onHandled }) {
    const forThroughput = {
      localQueue: { size: 500, refetchDelay: { durationMs: 20, threshold: 100 } },
      completeJobBatchDelay: 10,
      failJobBatchDelay: 10,
    };
    const runner = await run({
      noHandleSignals: true,
      logger: silent,
      taskList: { opened: async (payload) => onHandled((payload as { i: number }).i) }, // What `openProducer` wrote.
      preset: {
        worker: {
          connectionString: databaseUrl,
          maxPoolSize: 10,
          pollInterval: 2_000,
          concurrentJobs: tunedFor === 'latency' ? 10 : 24,
          ...(tunedFor === 'throughput' && forThroughput),
        },
      },
    });
    return { [Symbol.asyncDispose]: async () => runner.stop() };
  },
};
