import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Actor, writeAudit } from './audit-trail.ts';
import type { DeadLetter } from './dead-letter.ts';
import { deadLetterStream, findLetters, type LetterFilter } from './find-letters.ts';

export interface DiscardOptions extends Actor {
  readonly filter: LetterFilter;
  /** Counts, exactly, and does nothing. */
  readonly dryRun?: boolean;
  readonly onLetter?: (letter: DeadLetter) => void;
}

/**
 * Removes letters for good: the message is overwritten in the store, what is left is its entry in the audit trail.
 *
 * @returns how many went, or would
 */
export async function discardLetters(nc: NatsConnection, options: DiscardOptions): Promise<number> {
  const { filter, dryRun = false, by, because, onLetter } = options;
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  let count = 0;
  for await (const letter of findLetters(nc, filter)) {
    if (!dryRun) {
      await writeAudit(nc, letter, { action: 'discard', by, because });
      await manager.streams.deleteMessage(deadLetterStream, letter.sequence);
    }
    count++;
    onLetter?.(letter);
  }
  return count;
}
