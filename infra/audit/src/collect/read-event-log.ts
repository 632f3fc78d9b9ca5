import { Client } from 'pg';
import type { CommittedEvent, EventLog } from '../facts.ts';

/** The event log with its to-do list, as they were at one moment. */
export async function readEventLog({
  service,
  databaseUrl,
  retentionDays,
}: {
  service: string;
  databaseUrl: string;
  retentionDays: number;
}): Promise<EventLog> {
  return withClient(databaseUrl, async (client) => {
    // One snapshot for both statements. Locked before it is taken, the list can't be rewritten meanwhile, which would make it look empty.
    await client.query('begin isolation level repeatable read read only');
    await client.query('lock table outbox_pending in access share mode');
    const { rows: clock } = await client.query<{ now: string }>(`select ${epochMs('clock_timestamp()')} as now`);
    const { rows } = await client.query<EventRow>(eventsSql);
    await client.query('commit');
    const takenAt = Number(clock[0]?.now);
    const keptSince = takenAt - retentionDays * 86_400_000;
    return { service, takenAt, keptSince, events: rows.map(toEvent), committedLater: new Set() };
  });
}

/** Which of these event ids the log holds now. */
export async function readKnown(databaseUrl: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const uuids = ids.filter((id) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id));
  if (uuids.length === 0) return new Set();
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'select event_id as id from outbox_event where event_id = any($1::uuid[])',
      [uuids],
    );
    return new Set(rows.map(({ id }) => id));
  });
}

/** Runs with a connection of its own, closed afterwards. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'audit', connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Milliseconds since 1970, as the facts count. */
export function epochMs(expression: string): string {
  return `(extract(epoch from ${expression}) * 1000)::float8`;
}

const eventsSql = `
  select e.id, e.event_id, e.stream, e.aggregate_id, e.type, e.subject,
    ${epochMs('e.recorded_at')} as recorded_at, ${epochMs('e.expires_at')} as expires_at,
    case when k.id is not null then 'parked' when p.id is not null then 'pending' else 'published' end as place
  from outbox_event e left join outbox_pending p on p.id = e.id left join outbox_parked k on k.id = e.id
  order by e.id`;

interface EventRow {
  readonly id: string;
  readonly event_id: string;
  readonly stream: string;
  readonly aggregate_id: string;
  readonly type: string;
  readonly subject: string;
  readonly recorded_at: number;
  readonly expires_at: number | null;
  readonly place: CommittedEvent['place'];
}

function toEvent(row: EventRow): CommittedEvent {
  return {
    number: Number(row.id),
    id: row.event_id,
    stream: row.stream,
    aggregateId: row.aggregate_id,
    type: row.type,
    subject: row.subject,
    recordedAt: row.recorded_at,
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    place: row.place,
  };
}
