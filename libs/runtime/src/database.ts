import { setTimeout as sleep } from 'node:timers/promises';
import type { Constructor, EntityName } from '@mikro-orm/core';
import { type Migration, Migrator } from '@mikro-orm/migrations';
import { defineConfig, type EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import { Client, type Pool } from 'pg';
import { reclaimLostConnections } from './reclaim-lost-connections.ts';
import { isDatabaseOutage } from './database-outage.ts';
import type { PartHealth } from './health.ts';
import type { Logger } from './logger.ts';
import { probeDatabase } from './probe-database.ts';
import { observeQueries } from './telemetry/observe-queries.ts';

export { isDatabaseOutage } from './database-outage.ts';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly entities: readonly EntityName[];
  /** In the order they are applied; the names are what the database remembers. */
  readonly migrations: readonly { readonly name: string; readonly class: Constructor<Migration> }[];
  /** Tables that are no entities (the outbox's), left alone by schema checks. */
  readonly otherTables?: readonly string[];
  /** For whoever has something to do with the service's connections. */
  readonly onPoolCreated?: (pool: Pool) => void;
}

/** A service's database: it starts without the server, migrates when it can, and says how it is. */
export interface Database extends AsyncDisposable {
  /** Fork it: the global one refuses work. */
  readonly em: EntityManager;
  /** Up once it answers and its migrations are applied. */
  health(): PartHealth;
  /** Resolves when the database answers and takes writes: a standby, or a primary that was demoted, does not. */
  probe(): Promise<void>;
  /** Whether the tables are there. */
  isMigrated(): boolean;
  /** Resolves when the migrations are applied, rejects when the signal aborts first. */
  untilMigrated(signal: AbortSignal): Promise<void>;
}

/** Opens the database in the background and returns at once; disposing it closes every connection, so drain first. */
export async function openDatabase(options: DatabaseOptions & { readonly log: Logger }): Promise<Database> {
  const { log } = options;
  const connections: Connections = { pool: undefined, lost: () => undefined };
  const onPoolCreated = (pool: Pool): void => {
    options.onPoolCreated?.(pool);
    connections.pool = pool;
    pool.on('error', () => connections.lost());
  };
  const orm = await initOrm({ ...options, onPoolCreated }, queryTimeout);
  const apart = { connectionString: options.url, ...connectionTimeout, ...queryTimeout };
  const look = (): Promise<void> => probeDatabase(orm, connections.pool, apart);
  const stopping = new AbortController();
  const state: State = { isMigrated: false, health: { status: 'starting', detail: 'not migrated yet' } };
  const migrated = migrateWhenItAnswers(options, state, stopping.signal);
  const watching = migrated.then(() => watch(look, connections, { state, log, signal: stopping.signal }));
  return {
    em: orm.em,
    health: () => state.health,
    probe: look,
    isMigrated: () => state.isMigrated,
    async untilMigrated(signal) {
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('Stopped before the database was migrated.')), {
          once: true,
        });
      });
      await Promise.race([migrated, aborted]);
      signal.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
      await orm.close(true);
    },
  };
}

/**
 * Applies the missing migrations, all or none, guarded by an advisory lock: replicas that start together wait for each other, and
 * find nothing left to do. At most starts nothing is missing, and a look says so, without lock and ORM.
 */
export async function migrateDatabase(options: DatabaseOptions): Promise<void> {
  const guard = new Client({
    connectionString: options.url,
    ...connectionTimeout,
    keepAlive: true,
    application_name: 'migrations',
  });
  guard.on('error', () => undefined); // The query in flight rejects on its own.
  await guard.connect();
  try {
    if (await isMigrated(guard, options)) return;
    await guard.query(`select pg_advisory_lock(hashtext('postrider.migrations'))`);
    await using orm = await disposableOrm(options);
    await orm.migrator.up();
  } finally {
    await guard.end();
  }
}

/** Whether every migration's name is on record; what is committed there stays. */
async function isMigrated(client: Client, { migrations }: DatabaseOptions): Promise<boolean> {
  const { rows } = await client.query<{ record: string | null }>(
    `select to_regclass('mikro_orm_migrations') as record`,
  );
  if (rows[0]?.record === null) return false;
  const names = migrations.map(({ name }) => name);
  const { rowCount } = await client.query('select distinct name from mikro_orm_migrations where name = any($1)', [
    names,
  ]);
  return rowCount === names.length;
}

/** Runs a statement with bound parameters ($1, $2 …) on the EntityManager's connection, inside its transaction if it has one. */
export async function query<Row>(em: EntityManager, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  const { rows } = await em.getKysely().executeQuery(CompiledQuery.raw(sql, [...parameters]));
  return rows as Row[]; // The caller wrote the statement and knows its columns.
}

/** A server that hangs must not hang its callers: they get their error, and the outcome of a commit is unknown as after any lost connection. */
const queryTimeout = { query_timeout: 10_000 };
const connectionTimeout = { connectionTimeoutMillis: 5_000 };

/** What is to be known of the service's connections. */
interface Connections {
  /** Once the ORM has made it. */
  pool: Pool | undefined;
  /** Told when an idle connection is lost: the server may be gone. */
  lost: () => void;
}

function ormOptions(options: DatabaseOptions, timeouts: object): ReturnType<typeof defineConfig> {
  return defineConfig({
    clientUrl: options.url,
    entities: [...options.entities],
    extensions: [Migrator],
    migrations: { migrationsList: [...options.migrations], snapshot: false },
    schemaGenerator: { skipTables: [...(options.otherTables ?? [])] },
    pool: { min: 0, max: 10 },
    driverOptions: {
      ...connectionTimeout,
      keepAlive: true,
      pipeline: true, // Statements that are sent without waiting for the one before: a unit of work's COMMIT.
      onPoolCreated: (pool: Pool) => {
        options.onPoolCreated?.(pool);
        watchPool(pool);
      },
      ...timeouts,
    },
    logger: () => undefined, // Its text would repeat statements; what matters reaches us as errors.
  });
}

function watchPool(pool: Pool): void {
  reclaimLostConnections(pool);
  observeQueries(pool);
  pool.on('error', () => undefined); // An idle connection was lost: the pool opens another, and nobody must die of it.
}

/** Without the type of each entity: what uses the EntityManager names the entities it means. */
async function initOrm(options: DatabaseOptions, timeouts: object): Promise<MikroORM> {
  return (await MikroORM.init(ormOptions(options, timeouts))) as MikroORM;
}

async function disposableOrm(options: DatabaseOptions): Promise<MikroORM & AsyncDisposable> {
  const orm = await initOrm(options, {}); // A migration may take as long as it needs.
  return Object.assign(orm, { [Symbol.asyncDispose]: () => orm.close(true) });
}

interface State {
  isMigrated: boolean;
  health: PartHealth;
}

async function migrateWhenItAnswers(
  options: DatabaseOptions & { log: Logger },
  state: State,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await migrateDatabase(options);
      Object.assign(state, { isMigrated: true, health: { status: 'up' } });
      options.log.info('database migrated');
      return;
    } catch (error) {
      const isOutage = isDatabaseOutage(error);
      if (state.health.status !== 'down')
        options.log[isOutage ? 'warn' : 'error']({ err: error }, 'database not ready: trying again');
      state.health = { status: 'down', detail: isOutage ? 'the database does not answer' : 'the migrations fail' };
      await pause(1_000, signal);
    }
  }
}

/** While up it is asked just often enough that the pool keeps its connection: a new one costs far more than the question. */
const lookEveryMs = { up: 6_000, down: 2_000 };

async function watch(
  look: () => Promise<void>,
  connections: Connections,
  { state, log, signal }: { readonly state: State; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const before = state.health.status;
    await pause(before === 'up' ? lookEveryMs.up : lookEveryMs.down, AbortSignal.any([signal, lossOf(connections)]));
    if (signal.aborted) return;
    const answers = await look().then(
      () => true,
      () => false,
    );
    state.health = answers ? { status: 'up' } : { status: 'down', detail: 'the database does not answer' };
    if (before === 'up' && !answers) log.warn('database does not answer');
    if (before === 'down' && answers) log.info('database answers again');
  }
}

/** Aborted at the next loss of a connection. */
function lossOf(connections: Connections): AbortSignal {
  const happened = new AbortController();
  connections.lost = () => happened.abort();
  return happened.signal;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // Rejects only when told to stop, and then that is the answer.
}
