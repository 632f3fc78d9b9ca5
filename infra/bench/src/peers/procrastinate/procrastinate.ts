import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Places } from '../../places.ts';
import { accountTable, execute, openedInSql } from '../account.ts';
import { producerInOneTransaction } from '../in-one-transaction.ts';
import type { ConsumerOptions, Peer } from '../peer.ts';
import { parseHandled } from './parse-handled.ts';

/** https://procrastinate.readthedocs.io: the producer is Node here, too, and the consumer a child of its role, in Python. */
export const procrastinate: Peer = {
  name: 'procrastinate',
  description:
    'jobs in PostgreSQL, LISTEN/NOTIFY, eight workers in a process of Python (four for latency), done jobs deleted',
  isTransactional: true,
  needs: ['python'],
  async setUp(places) {
    await execute(places.databaseUrl, accountTable, await readSchema(places));
  },
  fill: async ({ databaseUrl }, count) =>
    execute(
      databaseUrl,
      `do $$ begin perform procrastinate_defer_jobs_v1(array(
         select ('opened', 'opened', 0, null, null, ${openedInSql}, null)::procrastinate_job_to_defer_v1
         from generate_series(0, ${count - 1}) g)); end $$`,
      'vacuum analyze',
    ),
  openProducer: async ({ databaseUrl }, options) =>
    producerInOneTransaction(databaseUrl, options, (event) => ({
      name: 'defer-job',
      text: `select procrastinate_defer_jobs_v1(array[('opened', 'opened', 0, null, null, $1::jsonb, null)::procrastinate_job_to_defer_v1])`,
      values: [JSON.stringify(event)],
    })),
  startConsumer,
};

/** As `procrastinate schema --apply` would apply it. */
async function readSchema(places: Places): Promise<string> {
  const code = 'from procrastinate.schema import SchemaManager; print(SchemaManager.get_schema())';
  const { stdout } = await promisify(execFile)(pythonOf(places), ['-c', code]);
  return stdout;
}

async function startConsumer(places: Places, { tunedFor, onHandled }: ConsumerOptions): Promise<AsyncDisposable> {
  const [workers, concurrency] = tunedFor === 'latency' ? [4, 8] : [8, 6];
  const args = [join(import.meta.dirname, 'worker.py'), places.databaseUrl, `${workers}`, `${concurrency}`];
  const child = spawn(pythonOf(places), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  createInterface(child.stdout).on('line', (line) => {
    const { index, at } = parseHandled(line);
    onHandled(index, at);
  });
  let isEnding = false;
  child.on('exit', (code, signal) => {
    if (!isEnding) process.stderr.write(`procrastinate: the consumer in Python ended (${code ?? signal}).\n`);
  });
  return {
    async [Symbol.asyncDispose]() {
      isEnding = true;
      child.stdin.end();
      await exited;
    },
  };
}

function pythonOf({ python }: Places): string {
  if (python === undefined) throw new Error('Procrastinate needs Python.');
  return python;
}
