import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as createHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import type { EventContract } from '@postrider/contracts';
import { retrySubject } from '../retry-message.ts';
import { type Actor, writeAudit } from './audit-trail.ts';
import type { DeadLetter } from './dead-letter.ts';
import { type Edit, editLetter } from './edit-letter.ts';
import { deadLetterStream, findLetters, type LetterFilter } from './find-letters.ts';

/** The letters that a message descends from, oldest first: a value for each time that it was replayed. */
export const replayOfHeader = 'Postrider-Replay-Of';

export interface ReplayOptions extends Actor {
  readonly filter: LetterFilter;
  /** Says what would happen, exactly, and does nothing. */
  readonly dryRun?: boolean;
  readonly perSecond?: number;
  readonly edit?: Edit;
  /** What edited data is checked by. */
  readonly contracts?: readonly EventContract[];
  /** Told after each letter. */
  readonly onLetter?: (letter: DeadLetter, outcome: 'replayed' | { refused: string }) => void;
  /** Ends the run after the letter under way. */
  readonly signal?: AbortSignal;
}

export interface ReplayReport {
  /** Letters whose message was published again, or would be. */
  readonly replayed: number;
  /** Letters that stay, and why. */
  readonly refused: readonly { readonly letter: number; readonly because: string }[];
}

/**
 * Publishes letters again, for the durable that gave them up and nobody else. The event is the same (its `ce-id`, so that a ledger knows
 * it), the message is a new one: its own `Nats-Msg-Id`, and the letters it descends from in its headers. A message with a limited
 * life gets what is left of it.
 *
 * Each letter: audit entry, message, confirmation, and only then the letter goes. Broken off anywhere, a second run repeats at most the letter
 * that was under way, under the same message id. A letter that can't be replayed stays and is reported.
 */
export async function replayLetters(nc: NatsConnection, options: ReplayOptions): Promise<ReplayReport> {
  const { filter, dryRun = false, perSecond = 20, onLetter, signal } = options;
  const refused: { letter: number; because: string }[] = [];
  let replayed = 0;
  for await (const letter of findLetters(nc, filter)) {
    if (signal?.aborted) break;
    try {
      const replay = prepareReplay(letter, options);
      if (!dryRun) {
        await publishReplay(nc, replay, options);
        await sleep(1_000 / perSecond, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop.
      }
      replayed++;
      onLetter?.(letter, 'replayed');
    } catch (error) {
      if (!(error instanceof CannotReplayError)) throw error;
      refused.push({ letter: letter.sequence, because: error.message });
      onLetter?.(letter, { refused: error.message });
    }
  }
  return { replayed, refused };
}

class CannotReplayError extends Error {
  override readonly name = 'CannotReplayError';
}

interface Replay {
  readonly letter: DeadLetter;
  readonly data: Uint8Array;
  readonly edited: readonly string[] | undefined;
  readonly messageId: string;
}

/** All that can be judged before anything is done. */
function prepareReplay(letter: DeadLetter, { edit, contracts = [] }: ReplayOptions): Replay {
  const { durable, subject, stream, secondsLeft } = letter;
  if (durable === '' || subject === '' || stream === '')
    throw new CannotReplayError('Its headers do not say where it came from, or say otherwise than its subject.');
  if (secondsLeft !== undefined && secondsLeft < 1) throw new CannotReplayError('Its time is over.');
  const messageId = `replay:${letter.sequence}:${letter.eventId ?? letter.streamSequence}`;
  if (edit === undefined) return { letter, data: letter.data, edited: undefined, messageId };
  try {
    return { letter, ...editLetter(letter, edit, contracts), messageId };
  } catch (error) {
    throw new CannotReplayError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function publishReplay(
  nc: NatsConnection,
  { letter, data, edited, messageId }: Replay,
  actor: Actor,
): Promise<void> {
  const { durable, subject, stream, secondsLeft, sequence } = letter;
  const { by, because } = actor;
  await writeAudit(nc, letter, { action: 'replay', by, because, messageId, edited });
  await jetstream(nc, { timeout: 5_000 }).publish(retrySubject(subject, durable), data, {
    headers: replayHeaders(letter),
    msgID: messageId,
    expect: { streamName: stream },
    ...(secondsLeft !== undefined && { ttl: `${secondsLeft}s` }),
  });
  const manager = await jetstreamManager(nc, { timeout: 5_000, checkAPI: false });
  await manager.streams.deleteMessage(deadLetterStream, sequence);
}

function replayHeaders({ headers: old, sequence }: DeadLetter): MsgHdrs {
  const headers = createHeaders();
  for (const [name, values] of old)
    if (!name.startsWith('Nats-') && !name.startsWith('Postrider-Dead-'))
      for (const value of values) headers.append(name, value);
  headers.append(replayOfHeader, String(sequence));
  return headers;
}
