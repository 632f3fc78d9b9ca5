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
  /** Where it alone came from, for a unit of work on behalf of several callers; beside what the unit was told. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An event as the log holds it. */
export interface StoredEvent {
  /** Number in the log (a bigint, so text): grows in commit order for one aggregate, has gaps. */
  readonly id: string;
  /** UUIDv7, minted when it was recorded, the same for every attempt to publish it: what consumers know it by. */
  readonly eventId: string;
  /**
   * What the stream is to know it by: `eventId`, and `<eventId>.r<generation>` once the stream lost it and it is published again. A broker
   * may remember an id whose message it lost, and would swallow the second one.
   */
  readonly messageId: string;
  readonly stream: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly subject: string;
  /** Where it came from, as its unit of work was told: trace, correlation, causation. */
  readonly headers: Readonly<Record<string, string>>;
  /** The payload as JSON text. */
  readonly body: string;
  readonly recordedAt: Date;
  readonly expiresAt: Date | null;
}
