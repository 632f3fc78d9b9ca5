import { Client } from 'pg';

/** Asks a service's database: reads only, gives up after seconds (or what is said to be the longest that a statement may take), and closes. */
export async function withDatabase<T>(
  url: string,
  work: (client: Client) => Promise<T>,
  { longestStatementMs = 8_000 } = {},
): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'ops',
    connectionTimeoutMillis: 3_000,
    query_timeout: longestStatementMs + 2_000,
    options: `-c default_transaction_read_only=on -c statement_timeout=${longestStatementMs}`,
  });
  client.on('error', () => undefined); // The query in flight rejects on its own.
  try {
    await client.connect();
    return await work(client);
  } finally {
    // A server that hangs would not answer the farewell either, and nothing is lost with this connection.
    client.end().catch(() => undefined);
  }
}

export async function query<Row>(client: Client, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const { rows } = await client.query(sql, [...values]);
  return rows as Row[]; // The caller wrote the statement and knows its columns.
}
