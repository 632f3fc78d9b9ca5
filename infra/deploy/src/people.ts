import { setTimeout as sleep } from 'node:timers/promises';
import { ends } from './compose.ts';

export interface People extends AsyncDisposable {
  /** Until so many more are told that they are registered. */
  untilMore(count: number): Promise<void>;
  stop(): Promise<Outcome>;
}

export interface Outcome {
  /** The addresses of those who were told that they are registered. */
  readonly told: readonly string[];
  /** How often a connection broke or no answer came. */
  readonly unanswered: number;
  /** Answers that were neither 202 nor, when people ask again, a 5xx. */
  readonly refused: readonly string[];
}

export interface Options {
  /** Begins their addresses. */
  readonly prefix: string;
  /** Whether they ask again when there was no answer, or a 5xx. */
  readonly asksAgain: boolean;
}

const atOnce = 4;
const patienceMs = 300_000;

/** Four people at a time register, one after the other, until they are told to stop. */
export function startPeople({ prefix, asksAgain }: Options): People {
  const outcome = { told: [] as string[], unanswered: 0, refused: [] as string[] };
  const stopping = new AbortController();
  let next = 0;
  const comeAndGo = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const email = `${prefix}-${next++}@example.com`;
      for (let isTold = false; !isTold && !stopping.signal.aborted;) {
        isTold = (await register(email, outcome)) || !asksAgain;
        if (!isTold) await sleep(100);
      }
    }
  };
  const loops = Promise.all(Array.from({ length: atOnce }, comeAndGo));
  const stop = async (): Promise<Outcome> => {
    stopping.abort();
    await loops;
    return outcome;
  };
  return {
    async untilMore(count) {
      const enough = outcome.told.length + count;
      const deadline = Date.now() + patienceMs;
      while (outcome.told.length < enough) {
        if (Date.now() > deadline) throw new Error(`Only ${outcome.told.length} people could register, not ${enough}.`);
        await sleep(50);
      }
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

async function register(
  email: string,
  outcome: { told: string[]; unanswered: number; refused: string[] },
): Promise<boolean> {
  try {
    const answer = await fetch(`${ends.userUrl}/v1/registrations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: `a long password of ${email}` }),
      signal: AbortSignal.timeout(60_000),
    });
    await answer.body?.cancel();
    if (answer.status === 202) outcome.told.push(email);
    else if (answer.status >= 500) outcome.unanswered++;
    else outcome.refused.push(`${answer.status} for ${email}`);
    return answer.status < 500;
  } catch {
    outcome.unanswered++; // A connection that broke: it may have been heard or not.
    return false;
  }
}
