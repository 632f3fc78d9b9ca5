import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { coversFilter } from '../topology.ts';
import { type DeadLetter, readDeadLetter } from './dead-letter.ts';

export const deadLetterStream = 'DEAD_LETTERS';

/** Which letters. All that is given must fit; nothing given is every letter. */
export interface LetterFilter {
  readonly sequences?: readonly number[];
  readonly durable?: string;
  /** `user.email_verified.v1`. */
  readonly type?: string;
  readonly eventId?: string;
  /** The original subject, wildcards allowed: `user.v1.*.<userId>`. */
  readonly subject?: string;
  /** Somewhere in the reason, whatever the case. */
  readonly reason?: string;
  readonly buriedFrom?: Date;
  readonly buriedUntil?: Date;
}

/**
 * The letters that fit, oldest first, read one by one from the stream: nothing is consumed and nothing stays behind on the server. It
 * ends with the letter that is the last when it begins, so that one that dies again meanwhile is not met twice.
 */
export async function* findLetters(nc: NatsConnection, filter: LetterFilter = {}): AsyncGenerator<DeadLetter> {
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const { state } = await manager.streams.info(deadLetterStream);
  const subject = `dead.${filter.durable ?? '*'}.>`;
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const stored = await manager.direct.getMessage(deadLetterStream, { seq, next_by_subj: subject });
    if (stored === null || stored.seq > state.last_seq) return;
    const letter = readDeadLetter(stored);
    if (fits(letter, filter)) yield letter;
    seq = stored.seq;
  }
}

/** One letter, or undefined. */
export async function showLetter(nc: NatsConnection, sequence: number): Promise<DeadLetter | undefined> {
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  const stored = await manager.direct.getMessage(deadLetterStream, { seq: sequence });
  return stored === null ? undefined : readDeadLetter(stored);
}

function fits(letter: DeadLetter, filter: LetterFilter): boolean {
  const { sequences, type, eventId, subject, reason, buriedFrom, buriedUntil } = filter;
  return [
    sequences?.includes(letter.sequence),
    type && letter.type === type,
    eventId && letter.eventId === eventId,
    subject && coversFilter([subject], letter.subject),
    reason && letter.reason.toLowerCase().includes(reason.toLowerCase()),
    buriedFrom && letter.buriedAt >= buriedFrom,
    buriedUntil && letter.buriedAt < buriedUntil,
  ].every((isFit) => isFit !== false); // What was not asked for is no boolean.
}
