import { Client, escapeIdentifier, escapeLiteral } from 'pg';

export interface DatabaseOptions {
  readonly adminUrl: string;
  /** Of the database and of the role that owns it. */
  readonly name: string;
  readonly password: string;
}

/** Makes sure that a database exists, with a role of the same name that owns it and logs in with this password; returns its URL. */
export async function ensureDatabase({ adminUrl, name, password }: DatabaseOptions): Promise<string> {
  await withClient(adminUrl, (client) => ensureOwnedDatabase(client, { name, password }));
  const url = new URL(adminUrl);
  url.username = name;
  url.password = password;
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs with a connection of its own, closed afterwards. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function ensureOwnedDatabase(
  client: Client,
  { name, password }: { name: string; password: string },
): Promise<void> {
  const role = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  const verb = role.rowCount === 0 ? 'create' : 'alter';
  await client.query(`${verb} role ${escapeIdentifier(name)} login password ${escapeLiteral(password)}`);
  const database = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (database.rowCount === 0) {
    await client.query(`create database ${escapeIdentifier(name)} owner ${escapeIdentifier(name)}`);
  }
  await client.query(`revoke all on database ${escapeIdentifier(name)} from public`);
}
