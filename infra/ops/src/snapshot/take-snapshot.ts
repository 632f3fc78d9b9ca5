import type { Client } from 'pg';
import { query } from '../database.ts';

/**
 * The theory. Somebody wants every user there is, and from then on what happens to them, and to miss nothing between the two. So a list comes with a position
 * P of the stream, and whoever has the list reads on at P + 1. That is right if everything up to P is in the list.
 *
 * **The position is read first, the list after it.** An event stands in the stream only because the relay has seen it committed. So what stood there when P
 * was read was committed before, and a snapshot that the same database takes afterwards has it. (Not a standby's, which may be behind: refused.) A position that is
 * too low costs repetitions, one that is too high loses events: an answer that is a little old, from a broker between two leaders, is on the safe side.
 *
 * **What is in the list may come again.** Between commit and stream lies the outbox: changes that the list has may get their place after P, however long after
 * if the broker was away. A set of facts can be applied twice, but an older one over a newer would set it back. So each user comes with `sequence`, the
 * number of their last event in the very same database snapshot. Numbers of one user grow in commit order and travel as `ce-sequence`: an event
 * with a number that is not above the line's is in the line already. One transaction writes state and events, so a line and its number
 * never disagree. null means that the log, which keeps a week of published events and all that are not, has none: whatever comes of this user is new.
 *
 * **The list is one moment.** One REPEATABLE READ transaction, read by a cursor in pages, so that it may be long. The last line counts the others: a list
 * without it was cut off.
 */
export interface SnapshotParts {
  /** The last sequence of the stream, asked when it is called. */
  readonly lastPosition: (stream: string) => Promise<number>;
  readonly database: Client;
  readonly emit: (line: SnapshotLine) => void;
}

export type SnapshotLine =
  | { readonly kind: 'position'; readonly stream: string; readonly position: number; readonly startAt: number }
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly email: string;
      readonly displayName: string | null;
      readonly locale: string;
      readonly emailVerified: boolean;
      readonly createdAt: string;
      /** `ce-sequence` of the last event that this line includes. */
      readonly sequence: string | null;
    }
  | { readonly kind: 'end'; readonly users: number };

const stream = 'USER_EVENTS';

/** @throws when the database is a standby, or either part does not answer */
export async function takeSnapshot({ lastPosition, database, emit }: SnapshotParts): Promise<void> {
  const position = await lastPosition(stream);
  await database.query('begin isolation level repeatable read read only');
  await refuseStandby(database);
  emit({ kind: 'position', stream, position, startAt: position + 1 });
  await database.query(`declare users cursor for ${usersSql}`);
  let users = 0;
  for (;;) {
    const page = await query<UserRow>(database, 'fetch 1000 from users', []);
    if (page.length === 0) break;
    for (const { createdAt, ...user } of page) emit({ kind: 'user', ...user, createdAt: createdAt.toISOString() });
    users += page.length;
  }
  await database.query('commit');
  emit({ kind: 'end', users });
}

interface UserRow {
  readonly userId: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly locale: string;
  readonly emailVerified: boolean;
  readonly createdAt: Date;
  readonly sequence: string | null;
}

const usersSql = `
  select u.id as "userId", u.email, u.display_name as "displayName", u.locale,
         u.verified_email is not distinct from u.email as "emailVerified", u.created_at as "createdAt", e.sequence
  from "user" u
  left join (select aggregate_id, max(id) as sequence from outbox_event where stream = '${stream}' group by aggregate_id) e
    on e.aggregate_id = u.id::text`;

async function refuseStandby(database: Client): Promise<void> {
  const [row] = await query<{ isStandby: boolean }>(database, 'select pg_is_in_recovery() as "isStandby"', []);
  if (row?.isStandby === true)
    throw new Error('USER_DATABASE_URL is a standby, which may be behind the stream: name the primary.');
}
