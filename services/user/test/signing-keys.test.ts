import { userDatabase } from '../src/database.ts';
import { replaceOldKeys } from '../src/sessions/signing-keys/replace-old-keys.ts';
import { startSigningKeys } from '../src/sessions/signing-keys/signing-keys.ts';
import { openDatabase } from '@postrider/runtime/database';
import { Client } from 'pg';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { request, userServers } from './user-service-fixture.ts';

type Servers = Awaited<ReturnType<typeof userServers>>;

const log = pino({ level: 'silent' });
/** Nobody reads by the clock here, only when told. */
const never = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', reject));

async function replica(servers: Servers, more: { algorithm?: 'ES256' | 'RS256'; key?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase({ ...userDatabase(servers.database.url), log }));
  const keys = stack.use(
    startSigningKeys({
      em: database.em,
      algorithm: more.algorithm ?? 'ES256',
      encryptionKey: new Uint8Array(32).fill(more.key ?? 1),
      replaceAfterDays: 30,
      log,
      ready: never,
    }),
  );
  const running = stack.move();
  return Object.assign(keys, { [Symbol.asyncDispose]: () => running.disposeAsync() });
}

/** The clock of the keys is the database's, so time passes by moving their times back. */
const passes = (servers: Servers, interval: string) =>
  servers.rows(
    `update signing_key set not_before = not_before - $1::interval, replace_at = replace_at - $1::interval`,
    [interval],
  );
const kids = (keys: { published(): readonly { kid?: string }[] }) => keys.published().map(({ kid }) => kid);

test('of five replicas that start together one makes the first key, and all sign with it at once', async () => {
  await using servers = await userServers();
  await using stack = new AsyncDisposableStack();
  const replicas: Awaited<ReturnType<typeof replica>>[] = [];
  for (let n = 0; n < 5; n++) replicas.push(stack.use(await replica(servers)));
  expect(() => replicas[0]?.current()).toThrow(expect.objectContaining({ code: 'unavailable' }));
  await Promise.all(replicas.map((keys) => keys.runOnce()));
  expect(await servers.rows('select count(*)::int as n from signing_key')).toEqual([{ n: 1 }]);
  expect(new Set(replicas.map((keys) => keys.current().kid)).size).toBe(1);
});

test('a key that another replica made after ours were read is read first: no second one is made', async () => {
  await using servers = await userServers();
  await using database = await openDatabase({ ...userDatabase(servers.database.url), log });
  await using other = await replica(servers);
  const beforeOthers = [] as const;
  await other.runOnce();
  const options = { algorithm: 'ES256', encryptionKey: new Uint8Array(32).fill(1), replaceAfterDays: 30 } as const;
  expect(await replaceOldKeys(database.em.fork(), options, beforeOthers)).toBe(true);
  expect(await servers.rows('select count(*)::int as n from signing_key')).toEqual([{ n: 1 }]);
});

test('a key is published before it signs, and stays for a while after its successor does', async () => {
  await using servers = await userServers();
  await using one = await replica(servers);
  await using other = await replica(servers);
  const round = async () => {
    await one.runOnce();
    await other.runOnce();
    expect(kids(other)).toEqual(kids(one));
    expect(other.current().kid).toBe(one.current().kid);
  };
  await round();
  const first = one.current().kid;

  await passes(servers, '30 days');
  await round();
  const [second] = kids(one);
  expect(kids(one)).toEqual([second, first]);
  expect(second).not.toBe(first);
  expect(one.current().kid).toBe(first);

  await passes(servers, '9 minutes 59 seconds');
  await round();
  expect(one.current().kid).toBe(first);
  await passes(servers, '1 second');
  await round();
  expect(one.current().kid).toBe(second);
  expect(await one.find(first)).toBeDefined();

  await passes(servers, '9 minutes 50 seconds');
  await round();
  expect(kids(one)).toEqual([second, first]);
  await passes(servers, '11 seconds');
  await round();
  expect(kids(one)).toEqual([second]);
  expect(await one.find(first)).toBeUndefined();
});

test('another algorithm takes over as a new key does: the old one signs until the new one was published for long enough', async () => {
  await using servers = await userServers();
  await using before = await replica(servers);
  await before.runOnce();
  await using after = await replica(servers, { algorithm: 'RS256' });
  await after.runOnce();
  expect(after.current()).toMatchObject({ algorithm: 'ES256' });
  await passes(servers, '10 minutes');
  await after.runOnce();
  await before.runOnce();
  expect(after.current()).toMatchObject({ algorithm: 'RS256' });
  expect(before.current().kid).toBe(after.current().kid);
});

test('under another encryption key a new signing key is made at once, and the old one still verifies', async () => {
  await using servers = await userServers();
  await using before = await replica(servers);
  await before.runOnce();
  await using after = await replica(servers, { key: 2 });
  await after.runOnce();
  expect(after.current().kid).not.toBe(before.current().kid);
  expect(await after.find(before.current().kid)).toBeDefined();
  expect(await before.find(after.current().kid)).toBeUndefined(); // Read a moment ago: once in ten seconds.
});

test('27 · a flood of unknown key ids reads the table once, and a retired key is unknown', async () => {
  await using servers = await userServers();
  await using maker = await replica(servers);
  await using keys = await replica(servers); // Has read nothing so far.
  await maker.runOnce();
  const query = vi.spyOn(Client.prototype, 'query');
  const found = await Promise.all(Array.from({ length: 1_000 }, (_, n) => keys.find(`made-up-${n}`)));
  const selects = query.mock.calls.filter(([sql]) => JSON.stringify(sql).includes('signing_key'));
  query.mockRestore();
  expect(found.filter((key) => key !== undefined)).toEqual([]);
  expect(selects).toHaveLength(2); // What there is, and whether something is missing.
  expect(await keys.find(maker.current().kid)).toBeDefined();
});

test('private keys stand in no row and no answer in readable form', async () => {
  await using servers = await userServers();
  await using service = await servers.start({ EVENTS_ENABLED: 'false' });
  await expect.poll(() => servers.rows('select kid from signing_key')).toHaveLength(1);
  const url = `${service.urls.public}/.well-known/jwks.json`;
  await expect.poll(async () => (await request(url, 'GET')).body.keys).toHaveLength(1);
  const answer = await request(url, 'GET');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  expect(answer.body.keys).toEqual([
    {
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: expect.any(String),
      alg: 'ES256',
      use: 'sig',
    },
  ]);
  const [row] = await servers.rows<{ text: string }>('select signing_key::text as text from signing_key');
  expect(row?.text).not.toMatch(/"d"|\\"d\\"/);
});
