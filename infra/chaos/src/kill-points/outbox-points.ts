import type { Bench } from './bench.ts';
import type { KillPoint } from './kill-point.ts';

/** Between the steps from a request to the stream, in the one process that answers it and relays. */
export const outboxPoints: readonly KillPoint[] = [
  {
    ...point('outbox.beforeCommit', 'the changes of the unit of work and its COMMIT'),
    async reach(bench, email) {
      await using lock = await bench.lock('user', 'outbox_event');
      bench.tryToRegister(email);
      await lock.awaited();
      bench.user.kill();
      await lock.endWaiting();
      await lock[Symbol.asyncDispose]();
      // Nothing was written, so that the person, who never had an answer, can begin anew.
      await bench.register(email);
    },
  },
  {
    ...point('outbox.afterCommit', 'COMMIT and the bell, before anybody is told'),
    async reach(bench, email) {
      await using commits = await bench.holdCommits('user');
      bench.tryToRegister(email);
      await commits.awaited();
      bench.user.kill();
      await commits.endWaiting();
    },
  },
  {
    ...point('relay.beforeAck', 'the publish and the stream’s acknowledgement'),
    async reach(bench, email) {
      using _frozen = bench.nats.freeze();
      await bench.register(email);
      await bench.until('user', 'select 1 from outbox_pending', []);
      bench.user.kill();
    },
  },
  {
    ...point('relay.afterAck', 'the stream’s acknowledgement and the delete'),
    reach: async (bench, email) => killBeforeDelete(bench, email, 0),
  },
  {
    ...point('relay.afterBatch', 'the acknowledgement of a batch of a backlog and its delete'),
    reach: async (bench, email) => killBeforeDelete(bench, email, 1_500),
  },
];

/** @param backlog events that wait before this person's */
async function killBeforeDelete(bench: Bench, email: string, backlog: number): Promise<void> {
  const frozen = bench.nats.freeze();
  try {
    await bench.fillList(backlog);
    await bench.register(email);
    await bench.until('user', 'select 1 from outbox_pending', []);
    await using lock = await bench.lock('user', 'outbox_pending');
    frozen[Symbol.dispose]();
    await lock.awaited();
    bench.user.kill();
    await lock.endWaiting();
  } finally {
    frozen[Symbol.dispose]();
  }
}

function point(name: string, between: string): Omit<KillPoint, 'reach'> {
  return { name, kills: 'user', between, mails: 1, extraCopies: 0 };
}
