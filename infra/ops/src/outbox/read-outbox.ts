import { type OutboxStatus, outboxStatus } from '@postrider/outbox';
import { query, withDatabase } from '../database.ts';

/** What of a service's outbox waits, and what needs somebody. */
export interface OutboxFacts extends OutboxStatus {
  /** The oldest ones that must not be sent until somebody looked. */
  readonly oldestParked: readonly { eventId: string; type: string; subject: string; reason: string; parkedAt: Date }[];
}

export async function readOutbox(databaseUrl: string): Promise<OutboxFacts> {
  return withDatabase(databaseUrl, async (client) => {
    const oldestParked = await query<OutboxFacts['oldestParked'][number]>(client, parkedSql, []);
    return { ...(await outboxStatus(client)), oldestParked };
  });
}

const parkedSql = `
  select e.event_id as "eventId", e.type, e.subject, p.reason, p.parked_at as "parkedAt"
  from outbox_parked p join outbox_event e using (id) order by p.id limit 20`;
