import { jetstreamManager } from '@nats-io/jetstream';
import { emailVerified, userRegistered } from '@postrider/contracts';
import { testDatabase, testNats } from '@postrider/local/testing';
import { connectNats, createPublisher } from '@postrider/messaging';
import { createBell, startRelay, unitOfWork } from '@postrider/outbox';
import { migrate, openUserDatabase } from '@postrider/user/database';
import { Client } from 'pg';
import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { type SnapshotLine, takeSnapshot } from '../src/snapshot/take-snapshot.ts';
import { User } from '../../../services/user/src/accounts/user.ts';
import { runOps } from './ops-world.ts';

const log = pino({ level: 'silent' });

/** The user service's database, outbox and relay, and people who register and verify. */
async function world() {
  await using starting = new AsyncDisposableStack();
  const nats = starting.use(await testNats());
  const { url } = starting.use(await testDatabase({ name: 'user', migrate }));
  const database = starting.use(await openUserDatabase(url, log));
  await database.untilMigrated(new AbortController().signal);
  const link = starting.use(connectNats({ ...nats.as('user'), name: 'user', inboxPrefix: '_INBOX_user', log }));
  const operator = starting.use(connectNats({ url: nats.urls.operator, name: 'operator', log }));
  const { streams } = await jetstreamManager(await operator.first());
  await link.first();
  const client = new Client({ connectionString: url });
  await client.connect();
  starting.defer(() => client.end());
  const bell = createBell();
  const context = { em: database.em, bell };
  const port = createPublisher({ nats: link, source: '/postrider/user', log });
  const published = async (): Promise<void> =>
    expect.poll(async () => (await client.query('select from outbox_pending')).rowCount, { timeout: 30_000 }).toBe(0);
  const lastPosition = async (stream: string): Promise<number> => (await streams.info(stream)).state.last_seq;
  const running = starting.move();
  return {
    url,
    operatorUrl: nats.urls.operator,
    lastPosition,
    published,
    startRelay: () => startRelay({ databaseUrl: url, port, bell, log }),
    register: async (name: string): Promise<string> => {
      const id = uuidv7();
      const registration = { id, email: `${name}@example.com`, locale: 'en', passwordHash: 'x', at: new Date() };
      await unitOfWork(context, async ({ em, record }) => {
        const { user, events } = User.register(registration);
        em.persist(user);
        record(...events);
      });
      return id;
    },
    verify: async (id: string): Promise<void> =>
      unitOfWork(context, async ({ em, record }) => {
        const user = await em.findOneOrFail(User, { id });
        record(...user.verifyEmail(user.email, 'link'));
      }),
    snapshot: async (read = lastPosition): Promise<SnapshotLine[]> => {
      const lines: SnapshotLine[] = [];
      const own = new Client({ connectionString: url });
      await own.connect();
      await takeSnapshot({ lastPosition: read, database: own, emit: (line) => void lines.push(line) });
      await own.end();
      return lines;
    },
    /** What somebody knows who took the snapshot and read on, skipping what a line has already. */
    readOn: async (lines: readonly SnapshotLine[]) => {
      const known = new Map(lines.flatMap((line) => (line.kind === 'user' ? [[line.userId, { ...line }]] : [])));
      const [head] = lines;
      let [applied, skipped] = [0, 0];
      for (let seq = head?.kind === 'position' ? head.startAt : 1; seq <= (await lastPosition('USER_EVENTS')); seq++) {
        const message = await streams.getMessage('USER_EVENTS', { seq });
        const { userId, email } = message?.json<{ userId: string; email: string }>() ?? { userId: '', email: '' };
        const sequence = message?.header.get('ce-sequence') ?? '0';
        const user = known.get(userId);
        if (user !== undefined && user.sequence !== null && BigInt(sequence) <= BigInt(user.sequence)) {
          skipped++;
          continue;
        }
        applied++;
        const type = message?.header.get('ce-type');
        if (type === userRegistered.type) {
          // It would set a verified address back: an event that the line has must never come to this.
          const rest = { kind: 'user', displayName: null, locale: 'en', createdAt: '' } as const;
          known.set(userId, { ...rest, userId, email, emailVerified: false, sequence });
        } else if (type === emailVerified.type && user !== undefined)
          Object.assign(user, { emailVerified: true, sequence });
      }
      const users = [...known.values()].map(({ userId, email, emailVerified }) => ({ userId, email, emailVerified }));
      return { users: users.toSorted((a, b) => a.userId.localeCompare(b.userId)), applied, skipped };
    },
    truth: async () =>
      (
        await client.query(
          'select id as "userId", email, verified_email is not null as "emailVerified" from "user" order by id',
        )
      ).rows,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

test(
  'whoever takes a snapshot while people register, and reads on, knows everybody, whatever waited in the outbox',
  {
    timeout: 240_000,
  },
  async () => {
    await using people = await world();
    let relay = people.startRelay();
    const snapshots: SnapshotLine[][] = [];
    const write = async (writer: number, from: number): Promise<void> => {
      for (let n = from; n < from + 8; n++) await people.verify(await people.register(`w${writer}-${n}`));
    };
    const busy = async (from: number): Promise<void> => {
      const writing = Promise.all([0, 1, 2].map((writer) => write(writer, from)));
      for (let n = 0; n < 4; n++) snapshots.push(await people.snapshot());
      await writing;
    };
    await busy(0);
    await relay[Symbol.asyncDispose](); // From here on everything waits in the outbox.
    await busy(8);
    snapshots.push(await people.snapshot());
    relay = people.startRelay();
    await busy(16);
    await people.published();
    await relay[Symbol.asyncDispose]();

    const truth = await people.truth();
    expect(truth).toHaveLength(72);
    let skipped = 0;
    for (const snapshot of snapshots) {
      const known = await people.readOn(snapshot);
      expect(known.users).toEqual(truth);
      skipped += known.skipped;
    }
    expect(skipped).toBeGreaterThan(0);
  },
);

test('what is published around the reading of the position is in the list, and is not applied again', async () => {
  await using people = await world();
  await using _relay = people.startRelay();
  const arrive = async (name: string): Promise<void> => {
    await people.verify(await people.register(name));
    await people.published();
  };
  const lines = await people.snapshot(async (stream) => {
    await arrive('before');
    const position = await people.lastPosition(stream);
    await arrive('after');
    return position;
  });
  expect(lines.map((line) => (line.kind === 'user' ? line.email : line))).toEqual([
    { kind: 'position', stream: 'USER_EVENTS', position: 2, startAt: 3 },
    'before@example.com',
    'after@example.com',
    { kind: 'end', users: 2 },
  ]);
  expect(await people.readOn(lines)).toEqual({ users: await people.truth(), applied: 0, skipped: 2 });
});

test('operators take it as lines of JSON', async () => {
  await using people = await world();
  await people.register('ada');
  const env = { USER_DATABASE_URL: people.url, NATS_OPERATOR_URL: people.operatorUrl };
  const { code, stdout, stderr } = await runOps(env, ['snapshot']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SnapshotLine);
  expect(lines).toMatchObject([
    { kind: 'position', stream: 'USER_EVENTS', startAt: 1 },
    { kind: 'user', email: 'ada@example.com', emailVerified: false, sequence: expect.stringMatching(/^\d+$/) },
    { kind: 'end', users: 1 },
  ]);
});
