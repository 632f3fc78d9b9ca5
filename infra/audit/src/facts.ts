/** Everything the judgement rests on, as it was read. Times are milliseconds since 1970. */
export interface Facts {
  /** One log a publishing service. */
  readonly logs: readonly EventLog[];
  readonly streams: readonly StreamContents[];
  readonly consumers: readonly ConsumerState[];
  readonly deadLetters: readonly DeadLetter[];
  readonly ledger?: MailLedger;
  /** What the mail server took; absent where nobody can look into it. */
  readonly mailbox?: readonly ReceivedMail[];
}

export interface EventLog {
  readonly service: string;
  /** By the database's clock. */
  readonly takenAt: number;
  readonly events: readonly CommittedEvent[];
  /** Ids that were not there when the log was read, and were a moment later. */
  readonly committedLater: ReadonlySet<string>;
  /** Until when events may have left the log by age. */
  readonly keptSince: number;
}

export interface CommittedEvent {
  /** Its number in the log, the `ce-sequence` of its message. */
  readonly number: number;
  readonly id: string;
  readonly stream: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly subject: string;
  readonly recordedAt: number;
  readonly expiresAt?: number;
  readonly place: 'published' | 'pending' | 'parked';
}

export interface StreamContents {
  readonly name: string;
  /** Undefined: messages go by no age. */
  readonly maxAgeMs?: number;
  /** In the order of the stream. */
  readonly messages: readonly StreamMessage[];
  /** Whose messages were purged on purpose. */
  readonly erasedAggregates?: ReadonlySet<string>;
}

export interface StreamMessage {
  readonly sequence: number;
  readonly subject: string;
  /** `ce-id`. */
  readonly eventId: string;
  /** `Nats-Msg-Id`: the event's id, or another one when it was repaired or replayed. */
  readonly messageId: string;
  readonly aggregateId: string;
  /** `ce-time`. */
  readonly recordedAt: number;
  /** `ce-sequence`. */
  readonly number?: number;
}

export interface ConsumerState {
  readonly stream: string;
  readonly durable: string;
  readonly filters: readonly string[];
  /** Everything up to here is acknowledged. */
  readonly ackFloor: number;
  /** Everything up to here was delivered once at least. */
  readonly delivered: number;
  /** Deliveries, repeated ones included. */
  readonly deliveries: number;
  /** Its events owe a mail each: then an acknowledgement alone proves nothing, the ledger must know. */
  readonly owesMails: boolean;
}

export interface DeadLetter {
  readonly durable: string;
  readonly stream: string;
  readonly sequence: number;
  readonly eventId: string;
}

export interface MailLedger {
  readonly takenAt: number;
  readonly mails: readonly LedgerMail[];
}

export interface LedgerMail {
  readonly id: string;
  readonly key: string;
  readonly eventId: string;
  readonly class: string;
  readonly state: string;
  readonly acceptedAt: number;
  /** While it is open: when somebody should have gone on with it at the latest. */
  readonly dueAt?: number;
  readonly attempts: readonly string[];
}

export interface ReceivedMail {
  /** Without angle brackets. */
  readonly messageId: string;
  /** Whether the sender heard the 250. */
  readonly isAnswered: boolean;
}
