// A transaction that has written and does not end keeps PostgreSQL from forgetting anything that is deleted meanwhile: every row that the
// relay takes off its list stays in its way. And whatever was recorded before and commits after others has a lower number than
// what is published already. So events are committed at a steady rate, from before the transaction begins until after it has ended,
// and beside them, now and then, one whose transaction takes three seconds.
import { setTimeout as sleep } from 'node:timers/promises';
import { between, curveOf, type Latency, summarise, type Summary } from './latencies.ts';
import { type ListSample, sampleList, startSampling } from './list-samples.ts';
import { startOutboxStage } from './outbox-stage.ts';
import { holdOpen, type Holder, startLoad } from './outbox-load.ts';
import { type CommitRecord, createCommitRecord } from './commit-record.ts';
import type { Check, Scenario, ScenarioOptions, ScenarioResult } from './scenario.ts';
import { readMarks, type StoredMark } from './stored-marks.ts';

const perSecond = 100;
const recoveryMs = 60_000;

export const heldTransaction: Scenario = {
  name: 'held-transaction',
  what: 'a writing transaction held open (10 minutes) at 100 events/s',
  run: async (options) => run(options, 'writes-elsewhere'),
};

export const heldRecorder: Scenario = {
  name: 'held-recorder',
  what: 'the same, by a transaction that has recorded an event itself',
  run: async (options) => run(options, 'recorded-an-event'),
};

async function run(options: ScenarioOptions, holder: Holder): Promise<ScenarioResult> {
  const holdMs = (options.minutes ?? 10) * 60_000;
  const normalMs = Math.min(120_000, Math.max(20_000, holdMs / 4));
  const record = createCommitRecord();
  await using stage = await startOutboxStage(options, record.handled);
  record.begin();
  const load = startLoad({ stage, record, perSecond, signal: options.signal });
  const samples = startSampling(stage.databases.adminUrls.user, record.seconds, options.signal);
  const during = async (what: string, ms: number): Promise<readonly [number, number]> => {
    const from = record.seconds();
    options.onProgress(`${what} for ${Math.round(ms / 1_000)} s …`);
    await sleep(ms, undefined, { signal: options.signal });
    options.onProgress(`  ${tell(summarise(between(record.latencies(), from, record.seconds())))}`);
    return [from, record.seconds()];
  };
  await during('warming up', 15_000);
  const before = await during('as usual', normalMs);
  const end = await holdOpen(stage, holder, record);
  const held = await during(`a transaction is open (${holder})`, holdMs);
  await end();
  const recovering = await during('it has ended', recoveryMs);
  const after = await during('as usual again', normalMs);
  await load.stop();
  await record.untilAllHandled(options.signal);
  await samples.stop();
  options.onProgress('counting …');
  const log = await sampleList(stage.databases.adminUrls.user, record.seconds());
  const stored = await readMarks(stage.broker.urls.operator);
  return conclude({
    holder,
    holdMs,
    spans: { before, held, recovering, after },
    record,
    samples: samples.taken,
    log,
    stored,
  });
}

interface Findings {
  readonly holder: Holder;
  readonly holdMs: number;
  readonly spans: Readonly<Record<'before' | 'held' | 'recovering' | 'after', readonly [number, number]>>;
  readonly record: CommitRecord;
  readonly samples: readonly ListSample[];
  readonly log: ListSample;
  readonly stored: readonly StoredMark[];
}

function conclude({ holder, holdMs, spans, record, samples, log, stored }: Findings): ScenarioResult {
  const all = record.latencies();
  const normal = summarise([...between(all, ...spans.before), ...between(all, ...spans.after)]);
  const held = summarise(between(all, ...spans.held));
  const calmAfter = secondsUntilCalm(all, spans.held[1], normal);
  const worstDead = Math.max(0, ...samples.map(({ deadInLog }) => deadInLog), log.deadInLog);
  return {
    title: `A transaction held open for ${(holdMs / 60_000).toFixed(1)} minutes at ${perSecond} events/s`,
    story: stories[holder],
    figures: [
      ['events committed', record.marks().length],
      ['of them in transactions of three seconds', record.marks().filter((mark) => mark.startsWith('slow')).length],
      ['commit → handler as usual, before and after', tell(normal)],
      ['commit → handler while it is open', tell(held)],
      ['commit → handler in the minute after', tell(summarise(between(all, ...spans.recovering)))],
      ['most dead rows of the to-do list', Math.max(0, ...samples.map(({ deadInList }) => deadInList))],
      ['most pages read to find the oldest event', Math.max(0, ...samples.map(({ pagesRead }) => pagesRead))],
    ],
    checks: [
      ...judgeMarks(record, stored),
      { promise: 'the event log has no dead rows', found: `${worstDead} at most`, holds: worstDead === 0 },
      ...(holder === 'writes-elsewhere' ? [ratioOf(normal, held)] : []),
      {
        promise: 'all is back to normal within a minute after it ends',
        found: calmAfter === undefined ? 'not within the minute' : `after ${calmAfter} s`,
        holds: calmAfter !== undefined && calmAfter <= 60,
      },
    ],
    curve: curveOf(all, Math.max(2, Math.round(holdMs / 1_000 / 60))),
    phases: [{ name: 'transaction open', from: spans.held[0], to: spans.held[1] }],
  };
}

const stories: Readonly<Record<Holder, string>> = {
  'writes-elsewhere':
    'The transaction has written a row of another table. PostgreSQL keeps every row that is deleted from the list meanwhile.',
  'recorded-an-event':
    'The transaction has itself recorded an event, so that it holds a lock on the list, which nobody can rewrite meanwhile; its event commits last, with a number lower than all the others’. How much slower reading becomes is measured here, not promised.',
};

function ratioOf(normal: Summary, held: Summary): Check {
  const ratio = held.p99 / normal.p99;
  return {
    promise: 'commit → handler p99 stays within 3× of normal',
    found: `${held.p99} ms against ${normal.p99} ms: ${ratio.toFixed(2)}×`,
    holds: ratio <= 3,
  };
}

/** Everything once, and each aggregate's in the order in which its commits were heard. */
function judgeMarks(record: CommitRecord, stored: readonly StoredMark[]): Check[] {
  const marks = new Set(stored.map(({ mark }) => mark));
  const skipped = record.marks().filter((mark) => !marks.has(mark)).length;
  let reordered = 0;
  for (const ofOne of Map.groupBy(stored, ({ aggregateId }) => aggregateId).values()) {
    const numbers = ofOne.map(({ mark }) => Number(mark.split('-')[1]));
    reordered += numbers.filter((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0)).length;
  }
  return [
    { promise: 'nothing is skipped', found: `${skipped} of ${record.marks().length}`, holds: skipped === 0 },
    { promise: 'nothing is reordered or doubled', found: `${reordered} times`, holds: reordered === 0 },
  ];
}

/** From its end until five seconds in a row are as usual. */
function secondsUntilCalm(all: readonly Latency[], endedAt: number, normal: Summary): number | undefined {
  for (let second = 0; second <= 55; second++) {
    const next = between(all, endedAt + second, endedAt + second + 5);
    // Five seconds have few events in their last percent: the bound is wider than the noise of those.
    if (next.length > 0 && summarise(next).p99 <= normal.p99 * 1.5 && summarise(next).p50 <= normal.p50 * 1.5)
      return second;
  }
  return undefined;
}

function tell({ count, p50, p99, worst }: Summary): string {
  return `p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms (${count} events)`;
}
