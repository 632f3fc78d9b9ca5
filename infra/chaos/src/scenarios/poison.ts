// Poisonous mail is mail that a server defers again and again. Two thousand of them wait for their next attempt while healthy mail comes in
// at a steady rate, through the same durable, the same ledger and the same process. As usual and with poison take turns in one run, so
// that what else happens on the machine falls on both.
//
// Left alone, a greylisted mail is tried every five minutes or so. Here as many are made due in every second as two thousand of them would
// be; and at the end of a turn the server takes everything, and all are made due within a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { curveOf, type Latency, summarise, type Summary } from './latencies.ts';
import { type MailStage, startMailStage } from './mail-stage.ts';
import { pace } from './pace.ts';
import type { Check, Phase, Scenario, ScenarioOptions, ScenarioResult } from './scenario.ts';

const rounds = 3;
const poisonous = 2_000;
const healthyPerSecond = 10;
/** So many of them would come due in a second. */
const retriesPerSecond = 7;

export const poison: Scenario = {
  name: 'poison',
  what: `${poisonous} poisonous mails in backoff beside healthy ones, in ${rounds} turns (of 1 minute)`,
  run,
};

async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  const turnMs = (options.minutes ?? 1) * 60_000;
  const { signal, onProgress } = options;
  await using stage = await startMailStage(options);
  const startedAt = Date.now();
  const seconds = (): number => (Date.now() - startedAt) / 1_000;
  const turns: Turn[] = [];
  await measure(stage, 'warm-up', 10_000, signal);
  for (let round = 1; round <= rounds; round++) {
    for (const isPoisoned of [false, true]) {
      const name = `${isPoisoned ? 'poison' : 'usual'}${round}`;
      await using _deferred = isPoisoned ? await sow(stage, name, options) : undefined;
      const from = seconds();
      onProgress(`${isPoisoned ? `${poisonous} poisonous mails wait` : 'as usual'}, turn ${round} …`);
      const waitedBefore = isPoisoned ? await stage.waiting() : 0;
      const retries = isPoisoned ? retrySome(stage, signal) : undefined;
      const sent = await measure(stage, name, turnMs, signal);
      await retries?.[Symbol.asyncDispose]();
      const waiting = isPoisoned ? Math.min(waitedBefore, await stage.waiting()) : 0;
      turns.push({ isPoisoned, waiting, from, to: seconds(), sent });
    }
    await reap(stage, onProgress, signal);
  }
  await stage.untilIdle(signal);
  return await conclude(stage, turns, startedAt);
}

interface Turn {
  readonly isPoisoned: boolean;
  /** Poisonous mails in backoff, at the least. */
  readonly waiting: number;
  readonly from: number;
  readonly to: number;
  /** When each healthy mail was published, by address; milliseconds since 1970. */
  readonly sent: ReadonlyMap<string, number>;
}

/** Publishes healthy mail at its rate, and waits until all of it is taken. */
async function measure(stage: MailStage, name: string, ms: number, signal: AbortSignal): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  const publishing: Promise<unknown>[] = [];
  await pace(healthyPerSecond, AbortSignal.any([signal, AbortSignal.timeout(ms)]), (index) => {
    const address = `healthy-${name}-${index}@example.com`;
    sent.set(address, Date.now());
    publishing.push(stage.publish(address));
  });
  await Promise.all(publishing);
  signal.throwIfAborted();
  await stage.untilTaken([...sent.keys()], signal);
  return sent;
}

/** @returns until it is disposed the server defers them */
async function sow(stage: MailStage, name: string, { signal, onProgress }: ScenarioOptions): Promise<AsyncDisposable> {
  const deferred = await stage.smtp.deviate({
    stage: 'rcpt',
    does: { reply: '450 4.7.1 greylisted' },
    share: 1,
    to: 'poison-',
  });
  onProgress(`${poisonous} poisonous mails come …`);
  for (let first = 0; first < poisonous; first += 50)
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => stage.publish(`poison-${name}-${first + index}@example.com`)),
    );
  while ((await stage.waiting()) < poisonous || (await stage.unacknowledged()) > 0)
    await sleep(250, undefined, { signal });
  return deferred;
}

function retrySome(stage: MailStage, signal: AbortSignal): AsyncDisposable {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted && !signal.aborted) {
      await stage.hasten(retriesPerSecond);
      await sleep(1_000, undefined, { signal: stopping.signal }).catch(() => undefined); // Rejects only when stopped.
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function reap(stage: MailStage, onProgress: (text: string) => void, signal: AbortSignal): Promise<void> {
  onProgress('the server takes them …');
  while ((await stage.waiting()) > 0) {
    await stage.hasten(poisonous);
    await sleep(1_000, undefined, { signal });
  }
  await stage.untilIdle(signal);
}

async function conclude(stage: MailStage, turns: readonly Turn[], startedAt: number): Promise<ScenarioResult> {
  const taken = await stage.taken();
  const latencies = (which: readonly Turn[]): Latency[] =>
    which.flatMap(({ sent }) =>
      [...sent].flatMap(([address, at]) =>
        (taken.get(address) ?? []).slice(0, 1).map((takenAt) => ({ at: (at - startedAt) / 1_000, ms: takenAt - at })),
      ),
    );
  const [usual, poisoned] = [false, true].map((kind) => turns.filter(({ isPoisoned }) => isPoisoned === kind));
  const [asUsual, withPoison] = [summarise(latencies(usual ?? [])), summarise(latencies(poisoned ?? []))];
  const fewest = Math.min(...(poisoned ?? []).map(({ waiting }) => waiting));
  const copies = [...taken.values()].reduce((sum, times) => sum + times.length - 1, 0);
  return {
    title: `${poisonous} poisonous mails in backoff, and healthy mail beside them`,
    story: `${rounds} turns as usual and ${rounds} with poison, one after the other. Healthy mail comes at ${healthyPerSecond}/s; measured is from its event’s publish until the mail server has it.`,
    figures: [
      ['healthy mails as usual', tell(asUsual)],
      ['healthy mails beside poison', tell(withPoison)],
      [
        'each turn’s p99',
        turns.map((turn) => `${turn.isPoisoned ? 'poison' : 'usual'} ${summarise(latencies([turn])).p99}`).join(', '),
      ],
      ['fewest in backoff during a turn', fewest],
      ['mails taken', [...taken.values()].flat().length],
    ],
    checks: [
      ratioOf(asUsual, withPoison),
      {
        promise: 'the poison is in backoff all the while',
        found: `${fewest} at least`,
        holds: fewest >= poisonous * 0.98,
      },
      await stage.judge(rounds * poisonous + turns.reduce((sum, { sent }) => sum + sent.size, 0)),
      { promise: 'nobody gets a second copy', found: `${copies}`, holds: copies === 0 },
    ],
    curve: curveOf(latencies(turns), 2),
    phases: (poisoned ?? []).map(({ from, to }, index): Phase => ({ name: `poison ${index + 1}`, from, to })),
  };
}

function ratioOf(usual: Summary, poisoned: Summary): Check {
  const ratio = poisoned.p99 / usual.p99;
  return {
    promise: 'the p99 of healthy mail changes by less than 2×',
    found: `${poisoned.p99} ms against ${usual.p99} ms: ${ratio.toFixed(2)}×`,
    holds: ratio < 2,
  };
}

function tell({ count, p50, p99, worst }: Summary): string {
  return `p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms (${count} mails)`;
}
