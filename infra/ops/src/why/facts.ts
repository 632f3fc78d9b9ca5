/** What the parts know about one person, or one event, as it was collected. Plain data: `--json` prints it. */
export interface Facts {
  readonly asked: Asked;
  /** When it was asked: what is due, over or late is judged by it. */
  readonly now: Date;
  readonly account?: Account | undefined;
  /** In the order they were recorded. */
  readonly events: readonly EventFacts[];
  readonly health: readonly ServiceHealth[];
  /** Parts that could not be asked, and why. What they know is missing from the story. */
  readonly unanswered: readonly Unanswered[];
  /** `127.0.0.1:1025` */
  readonly mailServer?: string | undefined;
}

export type Asked =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'event'; readonly eventId: string };

export type Part = 'user database' | 'email database' | 'NATS' | 'user service' | 'email service';

export interface Unanswered {
  readonly part: Part;
  readonly reason: string;
}

export interface Account {
  readonly userId: string;
  /** As it was asked for, or else masked. */
  readonly address: string;
  readonly registeredAt: Date;
  readonly isVerified: boolean;
  readonly verifiedAt?: Date | undefined;
}

/** One event on its way: outbox, stream, consumers, ledger, and back. */
export interface EventFacts {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly recordedAt: Date;
  readonly expiresAt?: Date | undefined;
  readonly traceId?: string | undefined;
  /** Undefined: the outbox has no such event any more, or could not be asked. */
  readonly outbox?: OutboxState | undefined;
  /** In its stream: the message itself, and those by which it was sent again to one durable. Undefined: NATS could not be asked. */
  readonly messages?: readonly StreamMessage[] | undefined;
  /** Durables that want it. From infra's declarations where NATS could not be asked; then without a position. */
  readonly durables: readonly DurableFacts[];
  readonly deadLetters: readonly DeadLetter[];
  /** Undefined: the ledger could not be asked. */
  readonly mails?: readonly MailFacts[] | undefined;
}

export type OutboxState =
  | { readonly state: 'pending' }
  | { readonly state: 'published' }
  | { readonly state: 'parked'; readonly reason: string; readonly parkedAt: Date };

export interface StreamMessage {
  readonly stream: string;
  readonly sequence: number;
  readonly at: Date;
  readonly subject: string;
}

/** Where a durable stands, seen from one message. */
export interface DurableFacts {
  readonly durable: string;
  /** Whether the email service reads it, so that a mail comes of it. */
  readonly isForMail: boolean;
  readonly position?: Position | undefined;
}

export interface Position {
  /** `under way`: delivered, and not known to be done. */
  readonly state: 'waits' | 'under way' | 'done';
  /** Messages that it has not delivered yet, to anyone. */
  readonly undelivered: number;
  /** Delivered and not acknowledged yet, all its messages together. */
  readonly unacknowledged: number;
  /** Among them, those delivered more than once. */
  readonly redelivered: number;
}

export interface DeadLetter {
  readonly stream: string;
  readonly sequence: number;
  readonly at: Date;
  readonly durable: string;
  readonly deliveries: number;
  readonly reason: string;
  /** Where somebody publishes it again, for that durable alone. */
  readonly retrySubject: string;
}

export interface MailFacts {
  readonly id: string;
  /** `email-verification@1` */
  readonly mail: string;
  readonly class: string;
  readonly state: string;
  readonly reason?: string | undefined;
  /** That count against the policy. */
  readonly spent: number;
  readonly acceptedAt: Date;
  readonly settledAt?: Date | undefined;
  readonly nextAttemptAt?: Date | undefined;
  readonly leaseUntil?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  readonly attempts: readonly AttemptFacts[];
  readonly deliveryFacts: readonly DeliveryFact[];
}

export interface AttemptFacts {
  readonly number: number;
  readonly startedAt: Date;
  readonly endedAt?: Date | undefined;
  readonly outcome?: string | undefined;
  readonly phase?: string | undefined;
  readonly replyCode?: number | undefined;
  readonly enhancedCode?: string | undefined;
  readonly reason?: string | undefined;
}

/** What EMAIL_EVENTS tells everyone. */
export interface DeliveryFact {
  readonly type: string;
  readonly stream: string;
  readonly sequence: number;
  readonly at: Date;
}

/** A service's own word, from `/readyz`. */
export interface ServiceHealth {
  readonly service: 'user' | 'email';
  readonly status: 'ready' | 'degraded' | 'unready' | 'no answer';
  /** By name; empty when it does not answer. */
  readonly parts: Readonly<Record<string, PartState>>;
}

export interface PartState {
  readonly status: string;
  readonly detail?: string | undefined;
}
