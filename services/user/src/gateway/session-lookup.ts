import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '@postrider/runtime/database';
import { isLiveSql } from '../sessions/session-state.ts';
import type { Identity } from '../sessions/tokens/access-token.ts';

// The theory. A gateway asks before every request that it lets through, and what ended a moment ago must be refused, whichever replica is
// asked: so nothing is remembered, and each question is answered from the database. What makes that cheap is that questions share
// statements. While one is under way, those that come wait, and the next statement answers all of them: it began after each of
// them was asked, so none gets a stale answer. A statement begins when the event loop's turn ends, so that what came with the same turn goes
// with it; alone, a question waits for nobody.

/** The session of an access token, as it is now. */
export interface LiveSession extends Identity {
  readonly isEmailVerified: boolean;
}

/** Resolves to undefined when the session has ended, is not this user's, or never was. */
export type LookUpSession = (identity: Identity) => Promise<LiveSession | undefined>;

interface Question {
  readonly identity: Identity;
  readonly answer: (session: LiveSession | undefined) => void;
  readonly fail: (error: unknown) => void;
}

export function createSessionLookup(em: EntityManager, options: { mostAtOnce?: number } = {}): LookUpSession {
  const { mostAtOnce = 1_000 } = options;
  const waiting: Question[] = [];
  const own = em.fork(); // It keeps nothing: only statements go through it.
  let isAsking = false;
  const askAll = async (): Promise<void> => {
    isAsking = true;
    while (waiting.length > 0) {
      await endOfTurn();
      await ask(own, waiting.splice(0, mostAtOnce));
    }
    isAsking = false;
  };
  return (identity) =>
    new Promise((answer, fail) => {
      waiting.push({ identity, answer, fail });
      if (!isAsking) void askAll();
    });
}

/** Never rejects: each question has its own answer. */
async function ask(em: EntityManager, questions: readonly Question[]): Promise<void> {
  try {
    const rows = await query<LiveSession>(
      em,
      `select s.id as "sessionId", s.user_id as "userId", u.verified_email is not distinct from u.email as "isEmailVerified"
       from session s join "user" u on u.id = s.user_id where s.id = any($1::uuid[]) and ${isLiveSql}`,
      [questions.map(({ identity }) => identity.sessionId)],
    );
    const found = new Map(rows.map((row) => [row.sessionId, row]));
    for (const { identity, answer } of questions) {
      const session = found.get(identity.sessionId);
      answer(session?.userId === identity.userId ? session : undefined);
    }
  } catch (error) {
    for (const { fail } of questions) fail(error);
  }
}
