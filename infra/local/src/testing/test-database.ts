// A database per test file, at the price of a copy.
//
// The first file that asks for a service's database creates a template and migrates it; everyone gets a copy, which takes some tens of
// milliseconds however many migrations there are. Files run in parallel processes, so the template is made under an advisory lock, and gets
// its name only when it is complete: whoever holds the lock next finds either all of it or nothing.
import { randomBytes } from 'node:crypto';
import { type Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';
import { withClient } from '../postgres/databases.ts';

export interface TestDatabaseOptions {
  /** Of the template: one name, one set of migrations. Also the role that owns the database. */
  readonly name: string;
  /** Brings an empty database up to date; called once a run. Without it the database is empty. */
  readonly migrate?: ((databaseUrl: string) => Promise<void>) | undefined;
}

export interface TestDatabase extends AsyncDisposable {
  /** As the role that owns the database, who is no superuser: as in production. */
  readonly url: string;
  /** The same database as the superuser, for what a test does to its connections. */
  readonly adminUrl: string;
}

const password = 'test';

/** A new database on the run's PostgreSQL, dropped on dispose even while somebody is connected. */
export async function testDatabase({ name, migrate }: TestDatabaseOptions): Promise<TestDatabase> {
  const serverUrl = inject('postgresAdminUrl');
  const template = `template_${name}`;
  const database = `${name}_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, async (client) => {
    await ensureTemplate(client, { serverUrl, template, name, migrate });
    await createDatabase(client, database, name, template);
  });
  return {
    url: urlOf(serverUrl, database, name),
    adminUrl: urlOf(serverUrl, database),
    [Symbol.asyncDispose]: () =>
      withClient(serverUrl, async (client) => {
        // Without force the server waits a little for connections that are closing: cut, they would be errors nobody listens to any more.
        const name = escapeIdentifier(database);
        await client
          .query(`drop database if exists ${name}`)
          .catch(async () => client.query(`drop database if exists ${name} with (force)`));
      }),
  };
}

interface Template extends TestDatabaseOptions {
  readonly serverUrl: string;
  readonly template: string;
}

async function ensureTemplate(client: Client, options: Template): Promise<void> {
  // A lock of the session: the session ends with `withClient`, or with the process.
  await client.query('select pg_advisory_lock(hashtext($1))', [options.template]);
  const existing = await client.query('select 1 from pg_database where datname = $1', [options.template]);
  if (existing.rowCount === 0) await createTemplate(client, options);
  await client.query('select pg_advisory_unlock(hashtext($1))', [options.template]);
}

async function createTemplate(client: Client, { serverUrl, template, name, migrate }: Template): Promise<void> {
  const role = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  if (role.rowCount === 0) await client.query(`create role ${escapeIdentifier(name)} login password '${password}'`);
  const unfinished = `${template}_unfinished`;
  await client.query(`drop database if exists ${escapeIdentifier(unfinished)} with (force)`);
  await createDatabase(client, unfinished, name, 'template1');
  await migrate?.(urlOf(serverUrl, unfinished, name));
  // Whatever the migrations left connected would hinder the renaming.
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [unfinished]);
  await client.query(`alter database ${escapeIdentifier(unfinished)} rename to ${escapeIdentifier(template)}`);
}

async function createDatabase(client: Client, name: string, owner: string, template: string): Promise<void> {
  const names = [name, owner, template].map(escapeIdentifier);
  await client.query(`create database ${names[0]} owner ${names[1]} template ${names[2]}`);
}

function urlOf(serverUrl: string, database: string, role?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (role !== undefined) Object.assign(url, { username: role, password });
  return url.href;
}
