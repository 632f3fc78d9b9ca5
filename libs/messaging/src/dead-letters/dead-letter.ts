import type { StoredMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { deadLetterHeaders, remainingSeconds } from './publish-dead-letter.ts';

/** A message that was given up, as DEAD_LETTERS keeps it. */
export interface DeadLetter {
  /** Its number in DEAD_LETTERS: how operators name it. */
  readonly sequence: number;
  readonly buriedAt: Date;
  /** Whose message it was. */
  readonly durable: string;
  readonly reason: string;
  /** Where it stood, and under which subject it was published first. */
  readonly stream: string;
  readonly streamSequence: number;
  readonly subject: string;
  readonly deliveries: number;
  /** `ce-type` and `ce-id`, as far as it has them. */
  readonly type: string | undefined;
  readonly eventId: string | undefined;
  /** Seconds until it ends by itself, with what it was about. */
  readonly secondsLeft: number | undefined;
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
}

/**
 * Reads a letter. What is no letter of ours has empty members, and can be looked at and discarded.
 *
 * Permissions guard the subject a letter is written to, and headers say whatever the writer likes. So a letter whose headers name another
 * durable or another subject than its own counts as none: a replay would publish it with the operator's rights, where the writer may not.
 */
export function readDeadLetter(stored: StoredMsg): DeadLetter {
  const header = (name: string): string => stored.header.get(name);
  const [durable, subject] = [header(deadLetterHeaders.consumer), header(deadLetterHeaders.subject)];
  const isGenuine = stored.subject === `dead.${durable}.${subject}`;
  return {
    sequence: stored.seq,
    buriedAt: stored.time,
    durable: isGenuine ? durable : '',
    reason: header(deadLetterHeaders.reason),
    stream: header(deadLetterHeaders.stream),
    streamSequence: Number(header(deadLetterHeaders.sequence)),
    subject: isGenuine ? subject : '',
    deliveries: Number(header(deadLetterHeaders.deliveries)),
    type: header('ce-type') || undefined,
    eventId: header('ce-id') || undefined,
    secondsLeft: remainingSeconds({ headers: stored.header, storedAtMs: stored.time.getTime() }),
    headers: stored.header,
    data: stored.data,
  };
}
