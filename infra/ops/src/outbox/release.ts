import { type ReleaseParked, releaseParked } from '@postrider/outbox';
import { Pool } from 'pg';
import { type Surroundings, UsageError } from '../command.ts';
import { query, withDatabase } from '../database.ts';
import { canonicalEventId } from '../event-id.ts';
import { json, parseOptions } from '../parse-options.ts';
import type { Places } from '../places.ts';

export const releaseUsage = 'outbox release <event id …> | --all [--json]';

interface Released {
  readonly service: string;
  /** The refused ones, and those that waited behind them. */
  readonly events: number;
  /** Whose events they are. */
  readonly aggregates: number;
}

/** Has the relay publish parked events again, each with those behind it, in their order. One that is refused again is parked again. */
export async function release(args: readonly string[], { places, print }: Surroundings): Promise<number> {
  const { values, positionals } = parseOptions(
    args,
    { ...json, all: { type: 'boolean', default: false } },
    releaseUsage,
  );
  const named = positionals.map(eventIdIn);
  if (values.all === named.length > 0) throw new UsageError(`npm run ops -- ${releaseUsage}`);

  const known = new Set<string>();
  const released: Released[] = [];
  for (const [service, url] of databasesOf(await places())) {
    const parked = await findParked(url, named);
    for (const { eventId } of parked) known.add(eventId);
    released.push({ service, ...(await releaseAggregates(url, parked)) });
  }
  const unknown = named.filter((id) => !known.has(id));
  if (values.json) print(JSON.stringify({ released, unknown }));
  else {
    for (const { service, events, aggregates } of released)
      print(`${service}: ${events} events of ${aggregates} aggregates are to be published again.`);
    for (const id of unknown) print(`${id} is not parked.`);
  }
  return unknown.length === 0 ? 0 : 1;
}

function eventIdIn(text: string): string {
  const id = canonicalEventId(text);
  if (id === undefined) throw new UsageError(`"${text}" is no event id. npm run ops -- outbox lists what is parked.`);
  return id;
}

function databasesOf({ userDatabaseUrl, emailDatabaseUrl }: Places): (readonly [service: string, url: string])[] {
  if (userDatabaseUrl === undefined || emailDatabaseUrl === undefined)
    throw new UsageError('Say where the services’ databases are: USER_DATABASE_URL and EMAIL_DATABASE_URL.');
  return [
    ['user', userDatabaseUrl],
    ['email', emailDatabaseUrl],
  ];
}

/** All of them where none is named. */
async function findParked(url: string, named: readonly string[]): Promise<(ReleaseParked & { eventId: string })[]> {
  return withDatabase(url, async (client) =>
    query(
      client,
      `select e.event_id as "eventId", p.stream, p.aggregate_id as "aggregateId"
       from outbox_parked p join outbox_event e using (id)
       where e.event_id = any($1::uuid[]) or cardinality($1::uuid[]) = 0`,
      [named],
    ),
  );
}

async function releaseAggregates(url: string, parked: readonly ReleaseParked[]): Promise<Omit<Released, 'service'>> {
  const aggregates = new Map(parked.map((one) => [`${one.stream} ${one.aggregateId}`, one]));
  const pool = new Pool({
    connectionString: url,
    application_name: 'ops',
    max: 1,
    connectionTimeoutMillis: 3_000,
    statement_timeout: 8_000,
  });
  pool.on('error', () => undefined); // The statement in flight rejects on its own.
  try {
    let events = 0;
    for (const aggregate of aggregates.values()) events += await releaseParked(pool, aggregate);
    return { events, aggregates: aggregates.size };
  } finally {
    await pool.end();
  }
}
