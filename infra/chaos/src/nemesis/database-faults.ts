import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { Fault, Scene } from './fault.ts';

/** What happens to connections and transactions while the server itself is well. */
export const databaseFaults: readonly Fault[] = [
  {
    name: 'connections-cut',
    part: 'database',
    promise: 'the pools come back; a lost COMMIT is answered as unknown',
    kind: 'lasting',
    weight: 1,
    inject: async ({ fleet }) =>
      onDatabase(fleet.databases.adminUrls.user, async (client, hasBegun) => {
        await client.query(cutSql);
        hasBegun();
      }),
  },
  {
    name: 'slow-transaction',
    part: 'database',
    promise: 'an event whose number is lower than what is published already is not skipped',
    kind: 'lasting',
    weight: 2,
    inject: async (scene) =>
      onDatabase(scene.fleet.databases.adminUrls.user, async (client, hasBegun) => {
        await client.query('begin');
        await recordEvent(client);
        hasBegun();
        await scene.lasts(4_000, 15_000);
        await client.query(scene.chance.next() < 0.3 ? 'rollback' : 'commit');
      }),
  },
  {
    name: 'prepared-transaction',
    part: 'database',
    promise: 'an event that was prepared and is committed much later is not skipped, whoever was killed meanwhile',
    kind: 'lasting',
    weight: 1,
    inject: prepareAndCommitLater,
  },
  {
    name: 'reader-held-open',
    part: 'database',
    promise: 'reads of the outbox slow down as measured, and recover',
    kind: 'lasting',
    weight: 1,
    inject: async (scene) =>
      hold(scene, 'begin isolation level repeatable read', 'select count(*) from outbox_pending'),
  },
  {
    name: 'writer-held-open',
    part: 'database',
    promise: 'no skip, no stall of others; reads of the outbox slow down as measured, and recover',
    kind: 'lasting',
    weight: 1,
    inject: async (scene) => hold(scene, 'begin', 'select pg_current_xact_id()'),
  },
];

/** Keeps a transaction open that pins everything that is deleted meanwhile, until it ends or its server is killed. */
async function hold(scene: Scene, begin: string, pin: string): Promise<boolean> {
  return onDatabase(scene.fleet.databases.adminUrls.user, async (client, hasBegun) => {
    await client.query(begin);
    await client.query(pin);
    hasBegun();
    await scene.lasts(15_000, 40_000);
    await client.query('rollback');
  });
}

/** A prepared transaction outlives its connection and its server: only whoever knows its name can end it. */
async function prepareAndCommitLater(scene: Scene): Promise<boolean> {
  const url = scene.fleet.databases.adminUrls.user;
  const name = `chaos-${uuidv7()}`;
  const isPrepared = await onDatabase(url, async (client, hasBegun) => {
    await client.query('begin');
    await recordEvent(client);
    await client.query(`prepare transaction '${name}'`);
    hasBegun();
  });
  if (!isPrepared) return false;
  await scene.lasts(4_000, 15_000);
  for (;;) {
    // A COMMIT whose answer was lost may have been done: then there is nothing left of that name.
    const isOver = await onDatabase(url, async (client, hasBegun) => {
      const { rowCount } = await client.query('select from pg_prepared_xacts where gid = $1', [name]);
      if (rowCount !== 0) await client.query(`commit prepared '${name}'`);
      hasBegun();
    });
    if (isOver) return true;
    await sleep(500);
  }
}

const cutSql = `select pg_terminate_backend(pid) from pg_stat_activity
  where pid <> pg_backend_pid() and datname in ('user', 'email') and application_name is distinct from 'chaos'`;

/** An event as a unit of work stores it, about somebody who was imported; no mail is owed for it. */
async function recordEvent(client: Client): Promise<void> {
  const userId = uuidv7();
  const payload = { userId, email: `slow-${userId}@example.com`, locale: 'en', source: 'import' };
  await client.query(
    `with recorded as (
       insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
       values ($1, 'USER_EVENTS', $2, 'user.registered.v1', 'user.v1.registered.' || $2, '{}', $3) returning id)
     insert into outbox_pending (id) select id from recorded`,
    [uuidv7(), userId, JSON.stringify(payload)],
  );
}

/**
 * Works with a connection of its own.
 *
 * @returns whether the work came so far as to say that it has begun; the database may be away, or go away: another fault got there first
 */
async function onDatabase(
  url: string,
  work: (client: Client, hasBegun: () => void) => Promise<void>,
): Promise<boolean> {
  let isBegun = false;
  const client = new Client({ connectionString: url, application_name: 'chaos', connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client, () => (isBegun = true));
  } catch {
    // Whether it had begun says all there is to say.
  } finally {
    await client.end().catch(() => undefined);
  }
  return isBegun;
}
