// Crashes between any two steps, without a line in the product that knows of it. Whatever a step waits for can be kept waiting from outside:
// a lock on the table that it writes next, a server that is stopped in its tracks, a mail server that says nothing. When it waits, which
// the database or the mail server tells, the process is killed, its connections are ended as its kernel would, and the way is
// opened again for whoever comes next.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Member } from '../fleet/member.ts';
import type { Fleet } from '../fleet/start-fleet.ts';
import type { UserApi } from '../load/user-api.ts';
import type { Stage, TakenMail } from '../smtp/script.ts';

export interface Bench {
  readonly fleet: Fleet;
  /** The one replica of each service that works on a bench. */
  readonly user: Member;
  readonly email: Member;
  readonly nats: Member;
  /** Resolves when the user service takes requests: after a kill it lives before it does. */
  untilReady(): Promise<void>;
  /** Registers, as often as it takes until it is accepted. */
  register(email: string): Promise<void>;
  /** One attempt, whose answer may never come. */
  tryToRegister(email: string): void;
  confirm(token: string): Promise<void>;
  /** The mail to this address that fits, when it is taken. */
  mail(email: string, fits?: (mail: TakenMail) => boolean): Promise<TakenMail>;
  /** Keeps others from writing to a table until disposed. */
  lock(database: 'user' | 'email', table: string): Promise<Lock>;
  /** Lets no COMMIT be answered until disposed, although what it commits is committed. */
  holdCommits(database: 'user' | 'email'): Promise<Lock>;
  /** Puts so many events on the list that no mail is owed for. */
  fillList(events: number): Promise<void>;
  /** Keeps sessions hanging at this stage until disposed; resolves when it is so. */
  hangAt(stage: Stage): Promise<Hang>;
  /** Resolves when a query returns a row. */
  until(database: 'user' | 'email', sql: string, values: readonly unknown[]): Promise<void>;
}

export interface Lock extends AsyncDisposable {
  /** Resolves when somebody waits for it. */
  awaited(): Promise<void>;
  /** Ends the connections of those who wait: their process is dead. */
  endWaiting(): Promise<void>;
}

export interface Hang extends AsyncDisposable {
  /** Resolves when a session hangs there. */
  reached(): Promise<void>;
}

export function createBench(fleet: Fleet, api: UserApi): Bench {
  const { users, members, databases, smtp } = fleet;
  const [user] = users;
  const email = members.find(({ kind }) => kind === 'email');
  const nats = members.find(({ kind }) => kind === 'nats');
  if (user === undefined || email === undefined || nats === undefined) throw new Error('The fleet is not complete.');
  return {
    fleet,
    user: user.member,
    email,
    nats,
    async untilReady() {
      await eventually('the user service is ready', async () => (await fetch(`${user.adminUrl}/readyz`)).ok);
    },
    async register(address) {
      await eventually(`${address} is registered`, async () => {
        const outcome = await api.register(address, password(address));
        // The answer may be lost and the account there: to register once more would be to ask for a second mail.
        return outcome === 'ok' || (outcome === 'unknown' && (await hasAccount(databases.urls.user, address)));
      });
    },
    tryToRegister(address) {
      void api.register(address, password(address));
    },
    async confirm(token) {
      await eventually('the address is confirmed', async () => (await api.confirm(token)) === 'ok');
    },
    mail: async (address, fits = () => true) =>
      eventually(`a mail to ${address}`, async () =>
        (await smtp.taken(0)).mails.find((mail) => mail.to === address && fits(mail)),
      ),
    lock: async (database, table) => lockTable(databases.adminUrls[database], table),
    holdCommits: async (database) => holdCommits(databases.adminUrls[database]),
    fillList: async (events) =>
      withClient(databases.urls.user, async (client) => void (await client.query(fillSql, [events]))),
    async hangAt(stage) {
      const before = await eventually('the mail server answers', async () => (await smtp.seen(stage)) + 1);
      const deviation = await smtp.deviate({ stage, does: 'hang', share: 1 });
      return {
        reached: async () =>
          eventually(`a session at ${stage}`, async () => (await smtp.seen(stage)) >= before).then(() => undefined),
        [Symbol.asyncDispose]: async () => deviation[Symbol.asyncDispose](),
      };
    },
    async until(database, sql, values) {
      await eventually(sql, async () =>
        withClient(databases.urls[database], async (client) => (await client.query(sql, [...values])).rowCount),
      );
    },
  };
}

async function hasAccount(url: string, address: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rowCount } = await client.query('select from "user" where email = $1', [address]);
    return rowCount === 1;
  });
}

function password(address: string): string {
  return `correct horse ${address}`;
}

async function lockTable(url: string, table: string): Promise<Lock> {
  const client = new Client({ connectionString: url, application_name: 'chaos' });
  await client.connect();
  await client.query('begin');
  // Readers go on: what is to wait is the next write.
  await client.query(`lock table ${table} in share mode`);
  let isOver = false;
  const waiting = `select pid from pg_locks where not granted and relation = '${table}'::regclass`;
  return {
    async awaited() {
      await eventually(`somebody waits for ${table}`, async () => (await client.query(waiting)).rowCount);
    },
    async endWaiting() {
      await client.query(`select pg_terminate_backend(pid) from (${waiting}) as waiting`);
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      await client.query('rollback');
      await client.end();
    },
  };
}

/** By a standby that does not exist: PostgreSQL commits, and waits for its word before it answers. */
async function holdCommits(url: string): Promise<Lock> {
  const client = new Client({ connectionString: url, application_name: 'chaos' });
  await client.connect();
  const waiting = `select pid from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()`;
  const reload = async (change: string): Promise<void> => {
    await client.query(`alter system ${change}`);
    await client.query('select pg_reload_conf()');
  };
  await reload(`set synchronous_standby_names = 'nobody'`);
  let isOver = false;
  return {
    async awaited() {
      await eventually(
        'a COMMIT waits for its answer',
        async () => (await client.query(`${waiting} and query ilike 'commit%'`)).rowCount,
      );
    },
    async endWaiting() {
      await client.query(`select pg_terminate_backend(pid) from (${waiting}) as waiting`);
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return;
      isOver = true;
      await reload('reset synchronous_standby_names');
      await client.end();
    },
  };
}

/** Events as a unit of work stores them, about people who were imported. */
const fillSql = `
  with recorded as (
    insert into outbox_event (event_id, stream, aggregate_id, type, subject, headers, payload)
    select gen_random_uuid(), 'USER_EVENTS', id, 'user.registered.v1', 'user.v1.registered.' || id, '{}',
      jsonb_build_object('userId', id, 'email', id || '@example.com', 'locale', 'en', 'source', 'import')
    from (select gen_random_uuid()::text as id from generate_series(1, $1)) as people
    returning id)
  insert into outbox_pending (id) select id from recorded`;

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Looks until it is so; a bound for a bench that hangs, no statement about speed. */
async function eventually<T>(what: string, look: () => Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + 180_000;
  for (;;) {
    const seen = await look().catch(() => undefined); // What is asked may be on its way up.
    if (seen !== undefined && seen !== null && seen !== false && seen !== 0) return seen;
    if (performance.now() > deadline) throw new Error(`It did not happen within three minutes that ${what}.`);
    await sleep(20);
  }
}
