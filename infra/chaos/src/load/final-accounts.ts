import { Client } from 'pg';
import type { FinalAccount } from './history.ts';

/** Every account as the database has it, with what the event log says about it. */
export async function readFinalAccounts(userDatabaseUrl: string): Promise<FinalAccount[]> {
  const client = new Client({ connectionString: userDatabaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<FinalAccount>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

const sql = `
  select u.email, u.verified_email is not null as "isVerified",
    coalesce(e.registrations, 0)::int as registrations, coalesce(e.verifications, 0)::int as verifications,
    coalesce(e.resets, 0)::int as resets
  from "user" u left join (
    select aggregate_id, count(*) filter (where type = 'user.registered.v1') as registrations,
      count(*) filter (where type = 'user.email_verified.v1') as verifications,
      count(*) filter (where type = 'user.password_reset_completed.v1') as resets
    from outbox_event group by aggregate_id) e on e.aggregate_id = u.id::text`;
