import { Client } from 'pg';

/** So many accounts that were there before, and their events of earlier days. */
export async function fillAccounts(databaseUrl: string, count: number): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `insert into account (id, email, name, created_at)
     select gen_random_uuid(), 'old' || g || '@example.test', 'Old Number ' || g, now() from generate_series(1, ${count}) g`,
  );
  await client.query('vacuum analyze account');
  await client.end();
}
