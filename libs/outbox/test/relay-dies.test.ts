import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { startRelay, unitOfWork } from '../src/index.ts';
import { moved, outboxDatabase, recordMany } from './outbox-fixture.ts';
import type { RelayArgument } from './relay-process.ts';
import { tableStream, tableStreamSchema } from './table-stream.ts';

const log = pino({ level: 'silent' });
const [count, aggregates] = [3_000, 37];

/** A backlog, a stream that is a table, and relays as processes that can be killed and paused. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const db = stack.use(await outboxDatabase());
  await db.rows(tableStreamSchema);
  const { port } = stack.use(tableStream(db.url));
  const running = stack.move();
  const relayHere = () =>
    startRelay({ databaseUrl: db.url, port, bell: db.bell, log, pageSize: 50, backlogSize: 5_000, batchFrom: 20 });
  return {
    db,
    relayHere,
    stored: async () => (await db.rows<{ n: number }>('select count(*)::int as n from stream_message'))[0]?.n,
    /** Everything is there once, in the order of each aggregate, and the list is empty. */
    async expectComplete() {
      await expect.poll(db.pending, { timeout: 30_000 }).toBe(0);
      const rows = await db.rows<{ aggregate: string; n: number }>(
        `select aggregate_id as aggregate, (body ->> 'n')::int as n from stream_message order by position`,
      );
      expect(rows).toHaveLength(count);
      for (const [, own] of Map.groupBy(rows, ({ aggregate }) => aggregate))
        expect(own.map(({ n }) => n)).toEqual(own.map(({ n }) => n).toSorted((one, other) => one - other));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface RelayProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when it has said so. */
  says(text: string): Promise<void>;
}

function startProcess(argument: RelayArgument): RelayProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'relay-process.ts'), JSON.stringify(argument)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close');
  return {
    child,
    says: async (text) => {
      await expect.poll(() => said, { timeout: 30_000 }).toContain(text);
      said = '';
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

for (const point of ['staged', 'next staged', 'stored'] as const)
  test(`a relay that is killed with its batch ${point} leaves the next one everything it needs`, async () => {
    await using here = await world();
    await recordMany(here.db, count, { aggregates });
    {
      await using victim = startProcess({ databaseUrl: here.db.url, point });
      await victim.says(point);
      victim.child.kill('SIGKILL');
    }
    expect(await here.stored()).toBe(point === 'stored' ? 1_050 : 50);
    await using _relay = here.relayHere();
    await here.expectComplete();
  });

test('a relay that is killed between the acknowledgement and the delete leaves the next one everything it needs', async () => {
  await using here = await world();
  await recordMany(here.db, count, { aggregates });
  {
    const lock = new Client({ connectionString: here.db.url });
    await lock.connect();
    await lock.query('begin; lock table outbox_pending in share mode');
    await using victim = startProcess({ databaseUrl: here.db.url, point: 'nowhere' });
    const waits = `select 1 from pg_locks where not granted and relation = 'outbox_pending'::regclass`;
    await expect.poll(async () => (await here.db.rows(waits)).length, { timeout: 30_000 }).toBeGreaterThan(0);
    victim.child.kill('SIGKILL');
    await here.db.rows(
      `select pg_terminate_backend(pid) from pg_locks where not granted and relation = 'outbox_pending'::regclass`,
    );
    expect(await here.db.pending()).toBe(count);
    await lock.query('rollback');
    await lock.end();
  }
  expect(await here.stored()).toBeGreaterThan(0);
  await using _relay = here.relayHere();
  await here.expectComplete();
});

test('a relay that is paused past its lease, and wakes in the middle of a commit, changes nothing any more', async () => {
  await using here = await world();
  await recordMany(here.db, count, { aggregates });
  await using zombie = startProcess({ databaseUrl: here.db.url, point: 'next staged' });
  await zombie.says('next staged');
  zombie.child.kill('SIGSTOP');
  const epoch = async () => (await here.db.rows<{ epoch: string }>('select epoch from outbox_relay'))[0]?.epoch;
  const before = await epoch();
  await using relay = here.relayHere();
  await here.expectComplete();
  expect(Number(await epoch())).toBeGreaterThan(Number(before));
  zombie.child.kill('SIGCONT');
  zombie.child.stdin?.write('go on\n'); // Its batch comes now, a whole lease late.
  await zombie.says('standing by');
  await here.expectComplete();
  expect(relay.health()).toMatchObject({ status: 'up', detail: 'publishing' });
});

test('when the relay’s process is killed, the one that stands by publishes within five seconds', async () => {
  await using here = await world();
  await using holder = startProcess({ databaseUrl: here.db.url, point: 'nowhere' });
  await holder.says('publishing');
  await using standby = here.relayHere();
  await expect.poll(() => standby.health().detail).toMatch(/standing by/);
  // How much later than asked for things happen here: what a busy machine adds is not the relay's.
  let [late, last] = [0, performance.now()];
  const clock = setInterval(() => {
    late += performance.now() - last - 50;
    last = performance.now();
  }, 50);
  holder.child.kill('SIGKILL');
  const killed = performance.now();
  await unitOfWork(here.db.context, async ({ record }) => record(moved('a', 1)));
  await expect.poll(here.stored, { interval: 20 }).toBe(1);
  clearInterval(clock);
  expect(performance.now() - killed - late).toBeLessThan(5_000);
});
