import type { Need, Places } from '../places.ts';

/**
 * A way from a committed account to a handler in another process. All of them write the same row and the same event; what they have beside
 * that (tables, settings) is the best that was found for the workload at hand.
 */
export interface Peer {
  readonly name: string;
  /** How it works and how it is set, in a sentence. */
  readonly description: string;
  /** Whether row and event are committed together. */
  readonly isTransactional: boolean;
  /** Besides PostgreSQL. */
  readonly needs: readonly Need[];
  /** Creates its tables, streams or queues, and the table of accounts. */
  setUp(places: Places): Promise<void>;
  /** Puts events 0 to count - 1 in waiting, quickly, without accounts. */
  fill(places: Places, count: number): Promise<void>;
  openProducer(places: Places, options: ProducerOptions): Promise<Producer>;
  startConsumer(places: Places, options: ConsumerOptions): Promise<AsyncDisposable>;
  /** What carries events in between, as a process of its own; undefined where the consumer asks the database itself. */
  startRelay?(places: Places): Promise<AsyncDisposable>;
}

export interface ProducerOptions {
  readonly connections: number;
  /** Whether the account is written by MikroORM, as in the product, or by `pg` with bound statements. */
  readonly by: 'orm' | 'pg';
}

export interface Producer extends AsyncDisposable {
  /** Commits account and event number `index`, on connection `lane`; resolves with the time of the commit. */
  produce(index: number, lane: number): Promise<number>;
}

export interface ConsumerOptions {
  /** What its settings should serve. */
  readonly tunedFor: 'latency' | 'throughput';
  /** Called at the beginning of each handler, or later with the time of its beginning. */
  readonly onHandled: (index: number, at?: number) => void;
}
