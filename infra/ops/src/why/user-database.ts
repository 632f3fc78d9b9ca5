import { query, withDatabase } from '../database.ts';
import type { Asked, OutboxState } from './facts.ts';

/** What the user service's database knows. */
export interface UserRecords {
  readonly account?: AccountRow | undefined;
  readonly events: readonly OutboxRow[];
}

export interface AccountRow {
  readonly userId: string;
  readonly email: string;
  readonly registeredAt: Date;
  readonly isVerified: boolean;
  readonly verifiedAt: Date | null;
}

export interface OutboxRow {
  readonly eventId: string;
  readonly userId: string;
  readonly type: string;
  readonly subject: string;
  readonly recordedAt: Date;
  readonly expiresAt: Date | null;
  readonly traceparent: string | null;
  readonly outbox: OutboxState;
}

/**
 * The account and its events, or one event and its account. An address whose account was removed is looked for in the log, which outlives
 * it by some days.
 */
export async function askUserDatabase(url: string, asked: Asked): Promise<UserRecords> {
  return withDatabase(url, async (client) => {
    if (asked.kind === 'event') {
      const events = await outboxEvents(client, 'e.event_id = $1', asked.eventId);
      const userId = events[0]?.userId;
      const account = userId === undefined ? undefined : await accountWhere(client, 'u.id = $1', userId);
      return { account, events };
    }
    const account = await accountWhere(client, '(u.email = $1 or u.verified_email = $1)', asked.address);
    const events =
      account === undefined
        ? await outboxEvents(client, `e.payload->>'email' = $1`, asked.address)
        : await outboxEvents(client, 'e.aggregate_id = $1', account.userId);
    return { account, events };
  });
}

type Database = Parameters<typeof query>[0];

async function accountWhere(client: Database, condition: string, value: string): Promise<AccountRow | undefined> {
  // No column says when an address was verified: its challenge was used then.
  const [row] = await query<AccountRow>(
    client,
    `select u.id as "userId", u.email, u.created_at as "registeredAt", u.verified_email is not distinct from u.email as "isVerified",
            (select max(c.used_at) from challenge c where c.user_id = u.id and c.email = u.verified_email) as "verifiedAt"
     from "user" u where ${condition} order by u.email = $1 desc limit 1`,
    [value],
  );
  return row;
}

type RawOutboxRow = Omit<OutboxRow, 'outbox'> & { isPending: boolean; reason: string | null; parkedAt: Date | null };

/** The log has no index for this: the statement's time limit keeps a large one from being read for minutes. */
async function outboxEvents(client: Database, condition: string, value: string): Promise<OutboxRow[]> {
  const rows = await query<RawOutboxRow>(
    client,
    `select e.event_id as "eventId", e.aggregate_id as "userId", e.type, e.subject, e.recorded_at as "recordedAt",
            e.expires_at as "expiresAt", e.headers->>'traceparent' as traceparent,
            p.id is not null as "isPending", k.reason, k.parked_at as "parkedAt"
     from outbox_event e left join outbox_pending p using (id) left join outbox_parked k using (id)
     where ${condition} order by e.id desc limit 200`,
    [value],
  );
  return rows.toReversed().map(({ isPending, reason, parkedAt, ...row }) => ({
    ...row,
    outbox:
      reason !== null && parkedAt !== null
        ? { state: 'parked', reason, parkedAt }
        : { state: isPending ? 'pending' : 'published' },
  }));
}
