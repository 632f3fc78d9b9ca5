import type { StoredEvent } from './event.ts';

/** The stream has the event, or refuses it for what it is (too large, a subject it may not have): then it is parked for an operator. */
export type Publication =
  | {
      readonly stored: true;
      /** Where it stands in its stream, if the port can tell: the relay then notices when the stream loses it. */
      readonly position?: number;
      /** The stream had it before. */
      readonly isDuplicate?: boolean;
    }
  | { readonly stored: false; readonly reason: string };

/** What a stream is like. */
export interface StreamState {
  /** Another one when the stream was deleted and made anew. */
  readonly identity: string;
  /** The last position it ever gave to a message; purges and expiry leave it. */
  readonly lastPosition: number;
  /** How long it keeps a message. */
  readonly maxAgeMs?: number | undefined;
  /** Whether it takes batches now; absent: it does not. */
  readonly takesBatches?: boolean;
}

/** Events that were handed over and count for nothing until they are committed; never committed, they are forgotten. */
export interface StagedBatch {
  /**
   * Stores all of them, in their order, at consecutive positions, or none.
   *
   * @returns the position of the first
   * @throws when they were refused, one of them for whatever reason, or when no answer came: then they may be stored or not
   */
  commit(): Promise<{ readonly firstPosition: number }>;
}

/**
 * Where the relay publishes: the composition root joins it with a broker. One method is enough; each of the others adds what it says.
 *
 * Contract: answers `stored` only when the stream has durably stored the event, or had stored it before under the same `messageId`.
 * Every error it throws means "not now", and the event is sent again, with the same id.
 */
export interface StreamPort {
  publish(event: StoredEvent): Promise<Publication>;
  /**
   * Optional, for backlogs: hands over events of one stream, which are stored all or none. Called for streams whose state says that they
   * take batches. What is staged must not overtake what was published before; it is the relay that waits for answers.
   *
   * @throws when they can't be a batch; they are published one by one then
   */
  stageBatch?(events: readonly StoredEvent[]): StagedBatch;
  /** Optional: what the stream is like now. Without it nothing that a stream loses is ever noticed. */
  inspect?(stream: string): Promise<StreamState>;
  /**
   * Optional, completes `inspect`: whether another message than this event's certainly stands at the position. What was removed (purged,
   * expired) is no other message.
   */
  isReplaced?(event: Pick<StoredEvent, 'eventId' | 'stream' | 'subject'>, position: number): Promise<boolean>;
  /** Optional: changes with every connection, after which a stream must be looked at before anything is published. */
  generation?(): number;
  /** Optional: the highest `id` known to be in the streams. A restored database must not give it out again. */
  highestId?(): Promise<string | undefined>;
}
