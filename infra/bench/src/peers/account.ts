import { defineEntity, p } from '@mikro-orm/core';
import { type EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { Client, type Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';

/** The business row that every peer commits its event with. */
export const accountTable = `create table account (
  id uuid primary key,
  email text not null constraint account_email_unique unique,
  name text not null,
  created_at timestamptz not null
)`;

export const Account = defineEntity({
  name: 'Account',
  tableName: 'account',
  properties: { id: p.uuid().primary(), email: p.text(), name: p.text(), createdAt: p.datetime() },
});

export interface AccountRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** About 250 bytes as JSON, as an event of the product. */
export interface AccountOpened {
  readonly i: number;
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly occurredAt: string;
}

export const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

export function accountNumber(index: number): AccountRow {
  return { id: uuidv7(), email: `user${index}@example.test`, name: `User Number ${index}`, createdAt: new Date() };
}

export function openedBy(index: number, { id, email, name, createdAt }: AccountRow): AccountOpened {
  return { i: index, userId: id, email, name, occurredAt: createdAt.toISOString() };
}

/** For bulk filling: an event number `g` as a JSON expression of SQL. */
export const openedInSql = `jsonb_build_object('i', g, 'userId', gen_random_uuid(), 'email', 'user' || g || '@example.test',
  'name', 'User Number ' || g, 'occurredAt', '2026-11-24T09:00:00.000Z')`;

export async function openOrm(
  databaseUrl: string,
  connections: number,
  driverOptions: { pipeline?: boolean; onPoolCreated?: (pool: Pool) => void } = {},
): Promise<{ em: EntityManager } & AsyncDisposable> {
  const orm = await MikroORM.init({
    clientUrl: databaseUrl,
    entities: [Account],
    pool: { min: connections, max: connections },
    driverOptions,
  });
  return { em: orm.em, [Symbol.asyncDispose]: () => orm.close(true) };
}

const insertAccount = {
  name: 'insert-account',
  text: 'insert into account (id, email, name, created_at) values ($1, $2, $3, $4)',
};

/** BEGIN, account, event, COMMIT on a connection of `pg`: four round trips. */
export async function commitByPg(
  client: Client,
  account: AccountRow,
  writeEvent: (client: Client) => Promise<unknown>,
): Promise<void> {
  await client.query('begin');
  await client.query({ ...insertAccount, values: [account.id, account.email, account.name, account.createdAt] });
  await writeEvent(client);
  await client.query('commit');
}

export async function openClients(
  databaseUrl: string,
  count: number,
): Promise<{ clients: Client[] } & AsyncDisposable> {
  const clients = Array.from({ length: count }, () => new Client({ connectionString: databaseUrl }));
  await Promise.all(clients.map((client) => client.connect()));
  const end = async (): Promise<void> => void (await Promise.all(clients.map((client) => client.end())));
  return { clients, [Symbol.asyncDispose]: end };
}

/** Statements on a connection of their own. */
export async function execute(databaseUrl: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
