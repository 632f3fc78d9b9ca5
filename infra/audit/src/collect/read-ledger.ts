import type { LedgerMail, MailLedger } from '../facts.ts';
import { epochMs, withClient } from './read-event-log.ts';

/** Every mail of the ledger, with how each of its attempts ended. */
export async function readLedger(databaseUrl: string): Promise<MailLedger> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<MailRow>(mailsSql);
    const { rows: clock } = await client.query<{ now: number }>(`select ${epochMs('clock_timestamp()')} as now`);
    return { takenAt: Number(clock[0]?.now), mails: rows.map(toMail) };
  });
}

const mailsSql = `
  select m.id, m.key, m.event_id, m.class, m.state, ${epochMs('m.accepted_at')} as accepted_at,
    ${epochMs('coalesce(m.lease_until, m.next_attempt_at, m.accepted_at)')} as due_at,
    array(select coalesce(a.outcome, 'under way') from mail_attempt a where a.mail_id = m.id order by a.number) as attempts
  from mail m`;

interface MailRow {
  readonly id: string;
  readonly key: string;
  readonly event_id: string;
  readonly class: string;
  readonly state: string;
  readonly accepted_at: number;
  readonly due_at: number;
  readonly attempts: string[];
}

function toMail(row: MailRow): LedgerMail {
  const { id, key, state, attempts } = row;
  return {
    id,
    key,
    eventId: row.event_id,
    class: row.class,
    state,
    acceptedAt: row.accepted_at,
    dueAt: row.due_at,
    attempts,
  };
}
