import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/**
 * The theory. At most one relay works per database, by a row with an owner, an end and an epoch. The database's clock decides who may
 * have it; the epoch grows with every change of hands. The holder renews three times in the lease's life, so that one renewal may fail.
 *
 * A holder trusts its lease only until (moment before it asked) + life on its own monotonic clock, which is never later than the
 * database's end. So a process that was stopped and wakes up sees that its lease is over before it publishes again; if it is
 * stopped between that look and the publish, the message it sends has its old id, which consumers absorb. What it
 * writes to the database is fenced: every write names owner and epoch and does nothing when they are not the row's.
 */
export interface Lease extends AsyncDisposable {
  readonly owner: string;
  readonly epoch: string;
  /** False from the moment that another relay could hold it. Asked before every publish. */
  isHeld(): boolean;
}

export interface LeaseOptions {
  readonly pool: Pool;
  /** One relay per name. */
  readonly name: string;
  readonly lifeMs: number;
}

/** Takes the lease if it is free or over; undefined while another relay holds it. Disposing it lets the next one in at once. */
export async function acquireLease({ pool, name, lifeMs }: LeaseOptions): Promise<Lease | undefined> {
  const owner = randomUUID();
  let heldUntil = 0;
  const claim = async (): Promise<string | undefined> => {
    const asked = performance.now();
    const { rows } = await pool.query<{ epoch: string }>({
      name: 'claim',
      text: claimSql,
      values: [name, owner, lifeMs],
    });
    if (rows[0] !== undefined) heldUntil = asked + lifeMs;
    return rows[0]?.epoch;
  };
  const epoch = await claim();
  if (epoch === undefined) return undefined;

  let renewing: Promise<void> = Promise.resolve();
  const renewal = setInterval(() => {
    // A renewal that fails is tried again by the next tick; if none succeeds the lease ends by itself.
    renewing = claim().then(
      (renewed) => {
        if (renewed !== epoch) heldUntil = 0;
      },
      () => undefined,
    );
  }, lifeMs / 3);
  return {
    owner,
    epoch,
    isHeld: () => performance.now() < heldUntil,
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      await renewing; // It would take the lease again after its release.
      heldUntil = 0;
      await pool.query(releaseSql, [name, owner, epoch]).catch(() => undefined); // Unreleased, it ends by itself.
    },
  };
}

const claimSql = `
  insert into outbox_relay as held (name, owner, epoch, held_until)
  values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
  on conflict (name) do update set
    owner = excluded.owner,
    epoch = held.epoch + (held.owner <> excluded.owner)::int,
    held_until = excluded.held_until
  where held.owner = excluded.owner or held.held_until < clock_timestamp()
  returning epoch`;

const releaseSql = `update outbox_relay set held_until = clock_timestamp() where name = $1 and owner = $2 and epoch = $3`;
