import { parseConfig } from '@postrider/runtime';
import { startHousekeeping } from '@postrider/runtime/housekeeping';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { configSchema } from '../src/config.ts';
import { removals } from '../src/housekeeping.ts';
import { type Answer, password, request, userServers } from './user-service-fixture.ts';

type Servers = Awaited<ReturnType<typeof userServers>>;

const config = parseConfig(configSchema, {
  SEALING_PUBLIC_KEY: '{"kty":"EC","kid":"test"}',
  CODE_KEY: Buffer.alloc(32, 7).toString('base64url'),
  SESSION_KEY: Buffer.alloc(32, 8).toString('base64url'),
});

/** One round, as a replica makes it; nothing runs beside it. */
async function keepHouse(servers: Servers): Promise<Record<string, number>> {
  await using housekeeping = startHousekeeping({
    databaseUrl: servers.database.url,
    removals: removals(config),
    log: pino({ level: 'silent' }),
    ready: (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
  });
  return await housekeeping.runOnce(); // Awaited here: leaving the scope ends the round.
}

/** Accounts by name, so many days old; `verified` and the life of their last link are what decides. */
async function account(
  servers: Servers,
  name: string,
  ageDays: number,
  more: { verified?: boolean; linkEndsInDays?: number; superseded?: boolean } = {},
): Promise<void> {
  const email = `${name}@example.com`;
  await servers.rows(
    `insert into "user" (id, email, locale, verified_email, created_at)
     values (gen_random_uuid(), $1, 'en', $2, now() - $3 * interval '1 day')`,
    [email, more.verified === true ? email : null, ageDays],
  );
  if (more.linkEndsInDays === undefined) return;
  await servers.rows(
    `insert into challenge (id, user_id, purpose, email, token_hash, code_hash, code_expires_at, expires_at, superseded_at, created_at)
     select gen_random_uuid(), id, 'email_verification', email, email, '', now(), now() + $2 * interval '1 day', $3, now()
     from "user" where email = $1`,
    [email, more.linkEndsInDays, more.superseded === true ? new Date() : null],
  );
}

const accounts = async (servers: Servers): Promise<string[]> =>
  (await servers.rows<{ name: string }>(`select split_part(email, '@', 1) as name from "user" order by 1`)).map(
    ({ name }) => name,
  );

test('accounts that nobody verified go after seven days, with their challenges; verified ones and those with an open link stay', async () => {
  await using servers = await userServers();
  await account(servers, 'verified', 400, { verified: true });
  await account(servers, 'young', 6.9);
  await account(servers, 'old', 7.1);
  await account(servers, 'old-with-ended-link', 7.1, { linkEndsInDays: -0.5 });
  await account(servers, 'old-with-superseded-link', 7.1, { linkEndsInDays: 0.5, superseded: true });
  await account(servers, 'asked-again-today', 7.1, { linkEndsInDays: 0.5 });
  expect(await keepHouse(servers)).toEqual({ 'unverified accounts': 3 });
  expect(await accounts(servers)).toEqual(['asked-again-today', 'verified', 'young']);
  expect(await servers.rows('select email from challenge')).toEqual([{ email: 'asked-again-today@example.com' }]);
  expect(await servers.rows('select 1 from outbox_event')).toEqual([]);
});

test('an account that a request holds at this moment is left to the next round', async () => {
  await using servers = await userServers();
  await account(servers, 'being-verified', 8);
  const verifying = new Client({ connectionString: servers.database.url });
  await verifying.connect();
  await verifying.query('begin');
  await verifying.query(`update "user" set verified_email = email`);
  expect(await keepHouse(servers)).toEqual({});
  await verifying.query('commit');
  await verifying.end();
  expect(await keepHouse(servers)).toEqual({});
  expect(await accounts(servers)).toEqual(['being-verified']);
});

test('challenges, flows and cooldowns go when they are over', async () => {
  await using servers = await userServers();
  await account(servers, 'long-over', 1, { linkEndsInDays: -1.1 });
  await account(servers, 'just-over', 1, { linkEndsInDays: -0.9 });
  await account(servers, 'open', 1, { linkEndsInDays: 0.1 });
  await servers.rows(
    `insert into verification_flow (id, email, expires_at)
     select gen_random_uuid(), name, now() + hours * interval '1 hour' from (values ('over', -0.1), ('open', 0.1)) as f (name, hours)`,
  );
  await servers.rows(
    `insert into mail_cooldown select name, now() - seconds * interval '1 second' from (values ('over', 86500), ('cooling', 10)) as c (name, seconds)`,
  );
  expect(await keepHouse(servers)).toEqual({
    'expired challenges': 1,
    'ended verification flows': 1,
    'ended mail cooldowns': 1,
  });
  expect(await servers.rows('select email from challenge order by 1')).toEqual([
    { email: 'just-over@example.com' },
    { email: 'open@example.com' },
  ]);
  expect(await servers.rows('select email from verification_flow')).toEqual([{ email: 'open' }]);
  expect(await servers.rows('select address_key from mail_cooldown')).toEqual([{ address_key: 'cooling' }]);
});

test('sessions go when their device may be forgotten, and live ones never; sign-ins to nobody go after a day', async () => {
  await using servers = await userServers();
  await account(servers, 'ada', 400, { verified: true });
  const session = (name: string, expiresInDays: number, endedInDays: number | null) =>
    servers.rows(
      `insert into session (id, user_id, method, device_label, device_hash, token_hash, created_at, last_used_at, expires_at, expires_at_latest, ended_at)
       select gen_random_uuid(), id, 'password', $1, '', $1, now() - interval '200 days', now(), now() + $2 * interval '1 day',
         now() + interval '200 days', now() + $3 * interval '1 day' from "user"`,
      [name, expiresInDays, endedInDays],
    );
  await session('live', 1, null);
  await session('just idled', -1, null);
  await session('idled long ago', -91, null);
  await session('ended', -1, -89);
  await session('ended long ago', 5, -91);
  await servers.rows(
    `insert into spent_refresh_token (token_hash, session_id) select 'spent by ' || device_label, id from session`,
  );
  await servers.rows(
    `insert into unknown_sign_in select name, now() - hours * interval '1 hour' from (values ('old', 25), ('young', 23)) as t (name, hours)`,
  );
  expect(await keepHouse(servers)).toEqual({ 'old sessions': 2, 'sign-ins to unknown addresses': 1 });
  expect(await servers.rows('select device_label as name from session order by 1')).toEqual([
    { name: 'ended' },
    { name: 'just idled' },
    { name: 'live' },
  ]);
  expect(await servers.rows('select count(*)::int as n from spent_refresh_token')).toEqual([{ n: 3 }]);
  expect(await servers.rows('select address_key from unknown_sign_in')).toEqual([{ address_key: 'young' }]);
});

test('each statement finds its rows by index', async () => {
  await using servers = await userServers();
  await servers.rows(
    `insert into "user" (id, email, locale, created_at)
     select gen_random_uuid(), n || '@example.com', 'en', now() - n * interval '1 minute' from generate_series(1, 20000) n`,
  );
  await servers.rows(
    `insert into challenge (id, user_id, purpose, email, token_hash, code_hash, code_expires_at, expires_at, created_at)
     select gen_random_uuid(), id, 'email_verification', email, email, '', now(), created_at + interval '1 day', created_at from "user"`,
  );
  await servers.rows(`insert into verification_flow select id, email, expires_at from challenge`);
  await servers.rows(`insert into mail_cooldown select email, created_at from challenge`);
  await servers.rows(
    `insert into session (id, user_id, method, device_hash, token_hash, created_at, last_used_at, expires_at, expires_at_latest)
     select id, id, 'password', '', '', created_at, created_at, created_at, created_at - interval '85 days' from "user"`,
  );
  await servers.rows(`insert into unknown_sign_in select email, created_at from challenge`);
  await servers.rows('vacuum analyze');
  const plans: Record<string, string> = {};
  for (const { name, remove } of removals(config)) {
    const explain = async (sql: string, values: unknown[]) => {
      plans[name] = JSON.stringify(await servers.rows(`explain ${sql}`, values));
      return { rowCount: 0 };
    };
    await remove({ query: explain as unknown as Client['query'] }, 1_000); // Its plan instead of its rows.
  }
  expect(plans['expired challenges']).toContain('challenge_expires_at');
  expect(plans['unverified accounts']).toContain('user_unverified');
  expect(plans['ended verification flows']).toContain('verification_flow_expires_at');
  expect(plans['ended mail cooldowns']).toContain('mail_cooldown_last_at');
  expect(plans['old sessions']).toContain('session_over');
  expect(plans['sign-ins to unknown addresses']).toContain('unknown_sign_in_at');
});

test('the running service keeps house by itself; of two replicas the rows go once, and the address can be registered anew', async () => {
  await using servers = await userServers();
  await account(servers, 'ada', 8);
  await using one = await servers.start({ EVENTS_ENABLED: 'false' });
  await using _other = await servers.start({ EVENTS_ENABLED: 'false' });
  await expect.poll(() => accounts(servers)).toEqual([]);
  const answer: Answer = await request(`${one.urls.public}/v1/registrations`, 'POST', {
    email: 'ada@example.com',
    password,
  });
  expect(answer).toMatchObject({ status: 202 });
  expect(await accounts(servers)).toEqual(['ada']);
});
