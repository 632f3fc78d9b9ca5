/** What a use case records: an event as its aggregate returned it. */
export interface EventToRecord {
  /** The stream that keeps it; order is kept within (stream, aggregate). */
  readonly stream: string;
  readonly type: string;
  readonly subject: string;
  readonly aggregateId: string;
  readonly payload: Record<string, unknown>;
  /** ISO 8601; after it the event is settled without being published. */
  readonly expiresAt?: string;
}

/** An event as the log holds it. */
export interface StoredEvent {
  /** Number in the log (a bigint, so text): grows in commit order for one aggregate, has gaps. */
  readonly id: string;
  /** UUIDv7, minted when it was recorded, the same for every attempt to publish it. */
  readonly eventId: string;
  readonly stream: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly subject: string;
  /** What the unit of work was told about its caller: trace, correlation, causation. */
  readonly headers: Readonly<Record<string, string>>;
  /** The payload as JSON text. */
  readonly body: string;
  readonly recordedAt: Date;
  readonly expiresAt: Date | null;
}

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
}

/**
 * Where the relay publishes: the composition root joins it with a broker.
 *
 * Contract: answers `stored` only when the stream has durably stored the event, or had stored it before under the same `eventId`.
 * Every error it throws means "not now", and the event is sent again, with the same id.
 */
export interface StreamPort {
  publish(event: StoredEvent): Promise<Publication>;
  /** Optional: what the stream is like now. Without it nothing that a stream loses is ever noticed. */
  inspect?(stream: string): Promise<StreamState>;
  /** Optional: changes with every connection, after which a stream must be looked at before anything is published. */
  generation?(): number;
  /** Optional: the highest `id` known to be in the streams. A restored database must not give it out again. */
  highestId?(): Promise<string | undefined>;
}
