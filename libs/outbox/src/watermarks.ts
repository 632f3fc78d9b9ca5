import type { Pool, PoolClient } from 'pg';
import type { StoredEvent } from './event.ts';
import type { Lease } from './lease.ts';
import type { StreamPort, StreamState } from './stream-port.ts';

/**
 * The theory. What a stream has acknowledged it can still lose: its machine loses power before the write was synced, somebody puts an
 * older copy of its store back, deletes it and makes it anew. Nobody is told; the events are off the list, and consumers wait for ever.
 *
 * So with the very statement that takes a page off the list the relay notes, per stream, how far the page brought it: the highest
 * position that was acknowledged, which event stands there, and the lowest number among the page's events. Not "all events up to number
 * n": a slow transaction's lower number is published later. A page that can't be noted stays on the list.
 *
 * A stream has lost what a note is about when its last position is below the note's, or when another message stands there: others may
 * have published before we looked. What to send again is every event from the lowest number of all such notes on: more than was lost,
 * under the old `eventId`, which consumers absorb, and with a `messageId` of its own, since a broker may still know the old one and
 * swallow the message.
 *
 * When to look: before anything is published after a (re)connection or a failure, or the last position would grow past the note; every
 * minute; and by every acknowledgement, since a new position at or below a note means that the stream went back under our feet.
 *
 * What is no loss: a purge for erasure, expiry by age or of single messages. They take messages from the stream, leave its last position
 * where it is, and put no other message in their place. A stream that was made anew has another identity, and has lost everything.
 *
 * Events of one aggregate may come to a consumer that has never seen them after later ones that were published before the loss was found;
 * whoever cares compares `sequence`. What is older than the log's retention, or than the stream would keep, is not sent again.
 */
export interface Note {
  readonly stream: string;
  readonly identity: string;
  /** The highest position acknowledged. */
  readonly position: number;
  /** Number of the event that stands there. */
  readonly positionId: string;
  /** The lowest number of the events that were. */
  readonly lowestId: string;
}

/** Added to the statement that settles a page, so that both or neither happen. */
export const noteSql = (firstParameter: number, settled: string): string => `
  insert into outbox_watermark (stream, identity, position, position_id, lowest_id)
  select * from unnest($${firstParameter}::text[], $${firstParameter + 1}::text[], $${firstParameter + 2}::bigint[], $${firstParameter + 3}::bigint[], $${firstParameter + 4}::bigint[])
  where exists (select from ${settled})`;

export function noteParameters(notes: readonly Note[]): unknown[] {
  const column = <K extends keyof Note>(key: K): Note[K][] => notes.map((note) => note[key]);
  return [column('stream'), column('identity'), column('position'), column('positionId'), column('lowestId')];
}

/** Streams that anything was noted about, with the highest position of each. */
export async function readHighest(pool: Pool): Promise<Map<string, { identity: string; position: number }>> {
  const { rows } = await pool.query<{ stream: string; identity: string; position: string }>(
    'select distinct on (stream) stream, identity, position from outbox_watermark order by stream, id desc',
  );
  return new Map(rows.map(({ stream, identity, position }) => [stream, { identity, position: Number(position) }]));
}

/** The event that a note says stands at its position. */
export interface NotedEvent extends Pick<StoredEvent, 'eventId' | 'stream' | 'subject'> {
  readonly position: number;
}

/**
 * The note with the highest position up to `upTo`, `skip` notes further down. Its event is in the log: what has left that can't be sent again,
 * so nothing needs to be known about it.
 */
export async function readNote(
  pool: Pool,
  { stream, identity, upTo, skip }: { stream: string; identity: string; upTo: number; skip: number },
): Promise<NotedEvent | undefined> {
  const { rows } = await pool.query<Omit<NotedEvent, 'position'> & { position: string }>(
    `select w.position, e.event_id as "eventId", e.stream, e.subject
     from outbox_watermark w join outbox_event e on e.id = w.position_id
     where w.stream = $1 and w.identity = $2 and w.position <= $3
     order by w.id desc offset $4 limit 1`,
    [stream, identity, upTo, skip],
  );
  const [row] = rows;
  return row && { ...row, position: Number(row.position) };
}

export interface Loss {
  readonly stream: string;
  /** The stream as it is. */
  readonly state: StreamState;
  /** The last position that can be trusted. */
  readonly heldPosition: number;
}

/**
 * Puts back on the list what the stream has lost, one transaction, if the lease is still ours.
 *
 * @returns how many events will be published again
 */
export async function repairLoss(
  pool: Pool,
  lease: { name: string } & Pick<Lease, 'owner' | 'epoch'>,
  loss: Loss,
): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const count = await repair(client, lease, loss);
    await client.query('commit');
    return count;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // The connection may be what failed.
    throw error;
  } finally {
    client.release();
  }
}

async function repair(
  client: PoolClient,
  { name, owner, epoch }: { name: string } & Pick<Lease, 'owner' | 'epoch'>,
  { stream, state, heldPosition }: Loss,
): Promise<number> {
  const held = await client.query('select from outbox_relay where name = $1 and owner = $2 and epoch = $3 for update', [
    name,
    owner,
    epoch,
  ]);
  if (held.rowCount === 0) throw new Error('The lease is another relay’s by now.');
  const { rows } = await client.query<{ lowest: string | null }>(
    `with lost as (
       delete from outbox_watermark where stream = $1 and (identity <> $2 or position > $3) returning lowest_id)
     select min(lowest_id) as lowest from lost`,
    [stream, state.identity, heldPosition],
  );
  const lowest = rows[0]?.lowest ?? null;
  if (lowest === null) return 0;
  const { rowCount } = await client.query(
    `insert into outbox_pending (id, generation)
     select e.id, floor(extract(epoch from clock_timestamp()) * 1000) from outbox_event e
     where e.id >= $1 and e.stream = $2
       and (e.expires_at is null or e.expires_at > now() + interval '1 second')
       and ($3::float8 is null or e.recorded_at > now() - $3 * interval '1 millisecond')
       and not exists (select from outbox_parked k where k.id = e.id)
     on conflict (id) do update set generation = excluded.generation`,
    [lowest, stream, state.maxAgeMs ?? null],
  );
  return rowCount ?? 0;
}

/**
 * Makes one note of those that are older than a minute, for each ten seconds: a note a page would be some millions a day. What is
 * said by several is said by the highest position and the lowest number of them all. Notes older than the log have nothing to send.
 */
export async function compactNotes(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query(`
    with old as (
      select id, stream, identity, position, position_id, lowest_id, noted_at, date_bin('10 seconds', noted_at, 'epoch') as bin
      from outbox_watermark where noted_at < now() - interval '1 minute'
    ), several as (
      select stream, identity, bin, max(position) as position, min(lowest_id) as lowest_id, min(id) as id,
        (array_agg(position_id order by position desc))[1] as position_id
      from old group by stream, identity, bin having count(*) > 1
    ), gone as (
      delete from outbox_watermark w using old o join several s using (stream, identity, bin)
      where w.id = o.id and w.id <> s.id
    )
    update outbox_watermark w set position = s.position, position_id = s.position_id, lowest_id = s.lowest_id from several s where w.id = s.id`);
  await client.query(
    `delete from outbox_watermark
     where lowest_id < (select min(id) from outbox_event) and id not in (select max(id) from outbox_watermark group by stream)`,
  );
}

/**
 * Lifts the numbers above the highest one that is in the streams. A database that was restored from a dump, or a standby that was behind,
 * would give out numbers again that consumers have seen, and they compare them.
 */
export async function liftIds(pool: Pool, { highestId }: Pick<StreamPort, 'highestId'>): Promise<void> {
  const highest = await highestId?.();
  if (highest === undefined) return;
  await pool.query(
    `select setval(name, $1::bigint + ${spareIds})
     from (select pg_get_serial_sequence('outbox_event', 'id')::regclass as name) as ids
     where coalesce(pg_sequence_last_value(name), 0) < $1::bigint`,
    [highest],
  );
}

/** The last message of a stream need not hold the highest number: pages are published many at once. */
const spareIds = 10_000;
