import { headers as createHeaders } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { ArrivedMessage } from './arrived-message.ts';
import type { Nats } from './connect.ts';
import { PermanentError, RetryLaterError } from './handler.ts';

/**
 * The theory. A handler that kills its process (out of memory, a native crash, a loop that the supervisor ends) reaches no catch; the
 * server only sees deliveries without an end, and so it does for every message that was under way beside the culprit. Counting
 * deliveries would bury the innocent with it, and the server's own count also holds delays and stops that were nobody's fault.
 *
 * So a redelivery that this process did not ask for is a suspect, and for a suspect the beginning of its handler is noted where a crash
 * does not reach, and taken back at its end: a counter per message in the stream SUSPECTS (`Nats-Incr`, one request that
 * writes and answers the sum). What is found noted was begun and not ended. From then on the message runs apart from all others
 * with such a mark: whoever waits for its turn is not marked again, so that in a crowd that died together only the culprit's number
 * grows. At its fifth delivery, with three marks, it is buried unhandled: it kills four times. An innocent is handled once the
 * culprit is gone or has its pause (ack_wait), and everything else flows on meanwhile.
 *
 * The first delivery costs nothing. While the counter can't be reached handlers run unmarked: then `max_deliver` is the end, and the sweeper
 * writes the letter.
 */
export interface Suspects {
  /** Runs the handler of a suspect. @throws {PermanentError} when it was begun too often without an end, and whatever the handler throws */
  watch(message: ArrivedMessage, run: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

const mostBeginnings = 3;
/** Who takes longer than this loses its turn, not its run: a handler that hangs must not keep the others waiting. */
const longestTurnMs = 60_000;

export function createSuspects({ nats, log }: { nats: Pick<Nats, 'current'>; log: Logger }): Suspects {
  let turn: Promise<void> = Promise.resolve();

  /** What the counter says after adding; 0 when nobody answers. */
  const count = async (message: ArrivedMessage, add: '+1' | '-1'): Promise<number> => {
    try {
      const nc = nats.current();
      if (nc === undefined) throw new Error('NATS is not connected.');
      const headers = createHeaders();
      headers.set('Nats-Incr', add);
      const { consumer, streamSequence } = message.info;
      const subject = `suspect.${consumer}.${streamSequence}`;
      return readCounter((await nc.request(subject, '', { headers, timeout: 5_000 })).json());
    } catch (error) {
      log.warn({ err: error, streamSequence: message.info.streamSequence }, 'suspect not marked');
      return 0;
    }
  };

  const runMarked = async (message: ArrivedMessage, begun: number, run: () => Promise<void>): Promise<void> => {
    try {
      if (begun > mostBeginnings)
        throw new PermanentError(
          `Its handler was begun ${begun - 1} times and never came to an end: does it kill its process?`,
        );
      await run();
    } finally {
      if (begun > 0) await count(message, '-1');
    }
  };

  return {
    async watch(message, run, signal) {
      const begun = await count(message, '+1');
      if (begun <= 1) return runMarked(message, begun, run);
      await count(message, '-1');
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const before = turn;
      turn = before.then(async () => ended);
      let timer: NodeJS.Timeout | undefined;
      try {
        await before;
        timer = setTimeout(end, longestTurnMs);
        if (signal.aborted) throw new RetryLaterError('The service is stopping.', 0);
        await runMarked(message, await count(message, '+1'), run);
      } finally {
        clearTimeout(timer);
        end();
      }
    },
  };
}

/** The answer to an increment: `{"val":"2"}`, or the error that stands in its place. */
function readCounter(answer: { val?: string; error?: { description?: string } }): number {
  if (answer.val === undefined) throw new Error(`The stream answers: ${answer.error?.description ?? 'no sum'}.`);
  return Number(answer.val);
}
