// One process of a measurement: it produces, relays or consumes, told over its IPC channel, and ends when that closes. Times are of the
// system's monotonic clock, so that they can be compared between processes.
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../measure/clock.ts';
import { peerNamed } from '../peers/all-peers.ts';
import type { Producer } from '../peers/peer.ts';
import type { Places } from '../places.ts';

export interface Burst {
  readonly startedAt: number;
  readonly firstCommitAt: number;
  readonly endedAt: number;
}

export interface OpenLoop {
  /** When each event was due. */
  readonly dueAt: Float64Array;
  readonly committedAt: Float64Array;
}

export interface Progress {
  /** Different events handled so far. */
  readonly handled: number;
  /** Handled again. */
  readonly again: number;
  readonly lastAt: number;
}

/** What a role can be asked to do; each call is answered when it is done. */
export interface Role {
  setUp(): Promise<void>;
  fill(count: number): Promise<void>;
  startProducing(connections: number, by: 'orm' | 'pg'): Promise<void>;
  startConsuming(tunedFor: 'latency' | 'throughput'): Promise<void>;
  startRelaying(): Promise<void>;
  burst(count: number, from: number): Promise<Burst>;
  openLoop(rate: number, seconds: number, from: number): Promise<OpenLoop>;
  /** Forgets what was, and keeps the time of each event from `from` on. */
  watch(from: number, count: number): Promise<void>;
  progress(): Promise<Progress>;
  /** When each watched event came first; NaN: not yet. */
  arrivals(): Promise<Float64Array>;
  /** [events handled, at], every thousand. */
  marks(): Promise<readonly (readonly [number, number])[]>;
  end(): Promise<void>;
}

export function createRole(peerName: string, places: Places): Role {
  const peer = peerNamed(peerName);
  const opened = new AsyncDisposableStack();
  const seen = createSeen();
  let producer: Producer | undefined;
  let connections = 16;
  const producing = (): Producer => {
    if (producer === undefined) throw new Error('Nothing is produced here.');
    return producer;
  };
  return {
    setUp: async () => peer.setUp(places),
    fill: async (count: number) => peer.fill(places, count),
    async startProducing(count: number, by: 'orm' | 'pg') {
      connections = count;
      producer = opened.use(await peer.openProducer(places, { connections, by }));
    },
    startConsuming: async (tunedFor: 'latency' | 'throughput') =>
      void opened.use(await peer.startConsumer(places, { tunedFor, onHandled: seen.note })),
    async startRelaying() {
      if (peer.startRelay !== undefined) opened.use(await peer.startRelay(places));
    },
    burst: async (count: number, from: number) => burst(producing(), { count, from, lanes: connections }),
    openLoop: async (rate: number, seconds: number, from: number) =>
      openLoop(producing(), { rate, seconds, from, lanes: connections }),
    watch: async (from: number, count: number) => seen.watch(from, count),
    progress: async () => seen.progress(),
    arrivals: async () => seen.arrivals(),
    marks: async () => seen.marks(),
    end: async () => opened.disposeAsync(),
  };
}

/** `lanes` workers, each producing the next as soon as its last is committed. */
async function burst(
  producer: Producer,
  { count, from, lanes }: { count: number; from: number; lanes: number },
): Promise<Burst> {
  const startedAt = now();
  let next = from;
  let firstCommitAt = Infinity;
  const work = async (lane: number): Promise<void> => {
    while (next < from + count) firstCommitAt = Math.min(firstCommitAt, await producer.produce(next++, lane));
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  return { startedAt, firstCommitAt, endedAt: now() };
}

/** Events come when they are due, whether the former are committed or not: waiting for a free connection counts. */
async function openLoop(
  producer: Producer,
  { rate, seconds, from, lanes }: { rate: number; seconds: number; from: number; lanes: number },
): Promise<OpenLoop> {
  const count = Math.round(rate * seconds);
  const dueAt = new Float64Array(count);
  const committedAt = new Float64Array(count).fill(Number.NaN);
  const due: number[] = [];
  const free = Array.from({ length: lanes }, (_, lane) => lane);
  const running = new Set<Promise<void>>();
  const begin = (): void => {
    while (due.length > 0 && free.length > 0) {
      const [index = 0, lane = 0] = [due.shift(), free.pop()];
      const one = producer.produce(from + index, lane).then((at) => {
        committedAt[index] = at;
        free.push(lane);
        running.delete(one);
        begin();
      });
      running.add(one);
    }
  };
  const startedAt = now() + 20;
  for (let index = 0; index < count; await sleep(1)) {
    for (; index < count && startedAt + (index * 1_000) / rate <= now(); index++) {
      dueAt[index] = startedAt + (index * 1_000) / rate;
      due.push(index);
    }
    begin();
  }
  while (running.size > 0) await Promise.all(running);
  return { dueAt, committedAt };
}

function createSeen() {
  const known = new Set<number>();
  const marks: [number, number][] = [];
  let [again, lastAt, watchedFrom] = [0, 0, 0];
  let arrivals = new Float64Array(0);
  return {
    note(index: number, at = now()): void {
      lastAt = at;
      if (known.has(index)) {
        again++;
        return;
      }
      known.add(index);
      const place = index - watchedFrom;
      if (place >= 0 && place < arrivals.length) arrivals[place] = at;
      if (known.size % 1_000 === 0) marks.push([known.size, at]);
    },
    watch(from: number, count: number): void {
      watchedFrom = from;
      arrivals = new Float64Array(count).fill(Number.NaN);
      marks.length = 0;
    },
    progress: (): Progress => ({ handled: known.size, again, lastAt }),
    arrivals: () => arrivals,
    marks: () => marks,
  };
}
