import { testDatabase } from '@postrider/local/testing';
import { parseConfig } from '@postrider/runtime';
import { startHousekeeping } from '@postrider/runtime/housekeeping';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { configSchema } from '../src/config.ts';
import { migrate } from '../src/database.ts';
import { removals } from '../src/housekeeping.ts';
import { startEmailWorld } from './email-world.ts';
import { patiently } from './quick.ts';

const config = parseConfig(configSchema, {
  SEALING_PRIVATE_KEYS: JSON.stringify([{ kty: 'EC', kid: 'test' }]),
  RECIPIENT_KEY: Buffer.alloc(32, 7).toString('base64url'),
});

const insertMail = `insert into mail (id, key, event_id, event_type, mail, class, recipient_hash, recipient_domain, state, accepted_at, settled_at)
  select gen_random_uuid(), $1, $1, 't', 'welcome@1', 'transactional', '', '', $2::text, now() - $3::float8 * interval '1 day',
    case when $2 in ('accepted', 'sending', 'retry_wait') then null else now() - $3::float8 * interval '1 day' end`;
const insertAttempts = `insert into mail_attempt (mail_id, number, provider, started_at)
  select id, n, 'smtp', accepted_at from mail, generate_series(1, 2) n`;

test('a mail goes with its attempts when it has been final for 90 days; one that is open stays, however old', async () => {
  await using database = await testDatabase({ name: 'email', migrate });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const states = ['accepted', 'sending', 'retry_wait', 'sent', 'bounced', 'expired', 'failed', 'ambiguous'];
  for (const state of states)
    for (const age of [89.9, 90.1]) await client.query(insertMail, [`${state} ${age}`, state, age]);
  await client.query(insertAttempts);
  const never = new Promise<void>(() => undefined);
  const options = { databaseUrl: database.url, removals: removals(config), log: pino({ level: 'silent' }) };
  const housekeeping = startHousekeeping({ ...options, ready: () => never, batch: 10 });
  expect(await housekeeping.runOnce()).toEqual({ 'settled mails': 5 });
  const { rows } = await client.query('select key from mail order by 1');
  expect(rows.map(({ key }) => key)).toEqual(
    states
      .flatMap((state) => (states.indexOf(state) < 3 ? [`${state} 89.9`, `${state} 90.1`] : [`${state} 89.9`]))
      .toSorted(),
  );
  expect((await client.query('select count(*)::int as n from mail_attempt')).rows).toEqual([{ n: 2 * 11 }]);
  await client.end();
});

test('the statement finds its rows by index', async () => {
  await using database = await testDatabase({ name: 'email', migrate });
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    `insert into mail (id, key, event_id, event_type, mail, class, recipient_hash, recipient_domain, state, accepted_at, settled_at)
     select gen_random_uuid(), n, n, 't', 'm', 'notice', '', '', 'sent', now(), now() - n * interval '10 minutes' from generate_series(1, 20000) n`,
  );
  await client.query('analyze');
  let plan = '';
  const explain = async (sql: string, values: unknown[]) => {
    plan = JSON.stringify((await client.query(`explain ${sql}`, values)).rows);
    return { rowCount: 0 };
  };
  await removals(config)[0]?.remove({ query: explain as unknown as Client['query'] }, 1_000); // Its plan instead of its rows.
  expect(plan).toContain('mail_settled_at');
  expect(plan).not.toContain('Seq Scan');
  await client.end();
});

test('the running service keeps house by itself, and a retention shorter than the streams’ is refused', async () => {
  await using world = await startEmailWorld();
  await world.query(insertMail, ['old', 'sent', 91]);
  await using _service = await world.start();
  await expect.poll(() => world.query('select 1 from mail'), patiently).toEqual([]);
  const { success } = configSchema.safeParse({ LEDGER_RETENTION_DAYS: '30' });
  expect(success).toBe(false);
});
