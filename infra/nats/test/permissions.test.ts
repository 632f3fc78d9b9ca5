import { connect, type NatsConnection, nkeys, PermissionViolationError } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { testNats, type TestNats } from '@postrider/local/testing';
import { applyTopology, connectionOptions, planTopology } from '@postrider/messaging';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { topology } from '../src/index.ts';

/**
 * Who may do what on the server's accounts, asked of a real server: each user tries to publish to and subscribe to every subject of the
 * matrix. A subject that a user's list does not name must be refused to it.
 */
const publishing = {
  'user.v1.registered.u-1': ['user'],
  'challenge.v1.email_verification_issued.c-1': ['user'],
  'email.v1.sent.m-1': ['email'],
  'user.retry.email-user-events.user.v1.email_verified.u-1': ['email'],
  'challenge.retry.email-challenges.challenge.v1.email_verification_issued.c-1': ['email'],
  'user.retry.another.user.v1.email_verified.u-1': [],
  'dead.email-challenges.challenge.v1.x.c-1': ['email'],
  'dead.another.user.v1.x.u-1': [],
  'suspect.email-user-events.7': ['email'],
  'audit.dead_letters.discard.email-challenges': [],
  'svc.user.outbox': ['user'],
  'svc.email.outbox': ['email'],
  '$SRV.PING': [],
  '_INBOX_user.x': [],
  '_INBOX_email.x': [],
  '_INBOX.x': [],
  '$JS.ACK.USER_CHALLENGES.email-challenges.1.1.1.1.1': ['email'],
  '$JS.ACK.USER_EVENTS.another.1.1.1.1.1': [],
  '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.USER_EVENTS.email-user-events': [],
  // Reading: by a new consumer, by another's, by sequence, by a copy.
  '$JS.API.CONSUMER.CREATE.USER_CHALLENGES': ['provisioner'],
  '$JS.API.CONSUMER.CREATE.USER_CHALLENGES.spy': ['provisioner'],
  '$JS.API.CONSUMER.CREATE.USER_CHALLENGES.spy.challenge.v1.>': ['provisioner'],
  '$JS.API.CONSUMER.DURABLE.CREATE.USER_CHALLENGES.spy': ['provisioner'],
  '$JS.API.CONSUMER.MSG.NEXT.USER_CHALLENGES.email-challenges': ['email'],
  '$JS.API.CONSUMER.MSG.NEXT.USER_CHALLENGES.spy': [],
  '$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.email-user-events': ['email'],
  '$JS.API.CONSUMER.INFO.USER_CHALLENGES.email-challenges': ['email', 'provisioner'],
  '$JS.API.STREAM.MSG.GET.USER_CHALLENGES': [],
  '$JS.API.STREAM.MSG.GET.USER_EVENTS': ['user'],
  '$JS.API.STREAM.MSG.GET.DEAD_LETTERS': [],
  '$JS.API.DIRECT.GET.USER_CHALLENGES': ['email'],
  '$JS.API.DIRECT.GET.USER_CHALLENGES.challenge.v1.email_verification_issued.c-1': [],
  '$JS.API.DIRECT.GET.USER_EVENTS': ['email'],
  '$JS.API.DIRECT.GET.DEAD_LETTERS': [],
  '$JS.API.STREAM.SNAPSHOT.USER_CHALLENGES': [],
  '$JS.API.STREAM.CREATE.MIRROR': ['provisioner'],
  // Changing and losing.
  '$JS.API.STREAM.UPDATE.USER_CHALLENGES': ['provisioner'],
  '$JS.API.STREAM.INFO.USER_CHALLENGES': ['user', 'provisioner'],
  '$JS.API.STREAM.INFO.EMAIL_EVENTS': ['email', 'provisioner'],
  '$JS.API.STREAM.DELETE.USER_EVENTS': [],
  '$JS.API.STREAM.PURGE.USER_EVENTS': [],
  '$JS.API.STREAM.MSG.DELETE.USER_EVENTS': [],
  '$JS.API.STREAM.RESTORE.USER_EVENTS': [],
  '$JS.API.STREAM.LEADER.STEPDOWN.USER_EVENTS': [],
  '$JS.API.STREAM.PEER.REMOVE.USER_EVENTS': [],
  '$JS.API.CONSUMER.DELETE.USER_CHALLENGES.email-challenges': [],
  '$JS.API.CONSUMER.PAUSE.USER_CHALLENGES.email-challenges': [],
  '$JS.API.CONSUMER.RESET.USER_CHALLENGES.email-challenges': [],
  '$JS.API.STREAM.LIST': ['provisioner'],
  '$SYS.REQ.SERVER.PING': [],
} as const satisfies Record<string, readonly string[]>;

const subscribing = {
  '>': [],
  'user.v1.>': [],
  'challenge.v1.>': [],
  'email.v1.>': [],
  'dead.>': [],
  '$JS.>': [],
  '_INBOX.>': [],
  '_INBOX_user.>': ['user'],
  '_INBOX_email.>': ['email'],
  '_INBOX_provisioner.>': ['provisioner'],
  'svc.user.outbox': ['user'],
  'svc.email.outbox': ['email'],
  '$SRV.PING': ['user', 'email'],
  '$SRV.INFO.user': ['user'],
  '$SRV.STATS.email.instance-1': ['email'],
  '$SYS.>': [],
} as const satisfies Record<string, readonly string[]>;

const users = ['user', 'email', 'provisioner'] as const;
const log = pino({ level: 'silent' });

/** A user on the server, and what the server has refused it so far. */
interface Actor extends AsyncDisposable {
  readonly nc: NatsConnection;
  /** What of some work is refused: the server answers in order, so that after a flush nothing is still to come. */
  refusals(work: () => void, expected: readonly string[]): Promise<void>;
}

async function actAs(server: TestNats, user: string): Promise<Actor> {
  const access = user === 'operator' ? { url: server.urls.operator } : server.as(user);
  const nc = await connect({ ...(await connectionOptions(access)), inboxPrefix: `_INBOX_${user}`, timeout: 10_000 });
  const refused: string[] = [];
  const listening = (async () => {
    for await (const status of nc.status())
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(status.error.subject);
  })();
  return {
    nc,
    async refusals(work, expected) {
      refused.length = 0;
      work();
      await nc.flush();
      await expect.poll(() => refused.toSorted()).toEqual(expected.toSorted());
    },
    async [Symbol.asyncDispose]() {
      await nc.close();
      await listening;
    },
  };
}

function refusedTo(user: string, matrix: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.keys(matrix).filter((subject) => matrix[subject]?.includes(user) !== true);
}

// oxlint-disable-next-line vitest/expect-expect -- refusals() expects
test.each(users)('%s publishes and subscribes to what the matrix allows it, and to nothing else', async (user) => {
  await using server = await testNats();
  await using actor = await actAs(server, user);
  await actor.refusals(
    () => {
      for (const subject of Object.keys(publishing)) actor.nc.publish(subject, 'not json');
    },
    refusedTo(user, publishing),
  );
  await actor.refusals(
    () => {
      for (const subject of Object.keys(subscribing)) actor.nc.subscribe(subject, { callback: () => undefined });
    },
    refusedTo(user, subscribing),
  );
});

test('the operator may do everything in the account, and is no operator of the servers', async () => {
  await using server = await testNats();
  await using operator = await actAs(server, 'operator');
  await operator.refusals(() => {
    for (const subject of Object.keys(subscribing)) operator.nc.subscribe(subject, { callback: () => undefined });
    operator.nc.publish('user.retry.another.user.v1.email_verified.u-1', '{}');
  }, []);
  await expect(operator.nc.request('$SYS.REQ.SERVER.PING', '', { timeout: 500 })).rejects.toThrow(
    /no responders|timeout/,
  );
});

test('a forged event is refused; where a reply is aimed at a stream, an answer of the server is stored, which is no event', async () => {
  await using server = await testNats();
  await using operator = await actAs(server, 'operator');
  await using email = await actAs(server, 'email');
  email.nc.publish('user.v1.registered.u-1', '{}');
  email.nc.publish('challenge.v1.email_verification_issued.c-1', '{}');
  // The server sends an acknowledgement where the publisher says, permitted or not. It has no headers, so that for whoever reads
  // it there it breaks every contract. What answers could do harm to, the API, does not take them.
  email.nc.publish('email.v1.sent.m-1', '{}', { reply: 'challenge.v1.email_verification_issued.c-1' });
  email.nc.publish('email.v1.sent.m-2', '{}', { reply: '$JS.API.STREAM.PURGE.EMAIL_EVENTS' });
  operator.nc.publish('user.v1.email_verified.u-1', '{}');
  await operator.nc.flush();
  const next = '$JS.API.CONSUMER.MSG.NEXT.USER_EVENTS.email-user-events';
  email.nc.publish(next, '1', { reply: '$JS.API.STREAM.PURGE.USER_EVENTS' });
  await email.nc.flush();
  const { streams } = await jetstreamManager(operator.nc);
  const count = async (stream: string): Promise<number> => (await streams.info(stream)).state.messages;
  await expect.poll(() => count('USER_CHALLENGES')).toBe(1);
  const aimed = await streams.getMessage('USER_CHALLENGES', { seq: 1 });
  expect(aimed?.string()).toMatch(/^\{"stream":"EMAIL_EVENTS"/);
  expect(aimed?.header.get('ce-type')).toBe('');
  expect([await count('EMAIL_EVENTS'), await count('USER_EVENTS')]).toEqual([2, 1]);
});

test('the provisioner applies all that is declared, and deletes nothing', async () => {
  await using server = await testNats({ topology: { streams: [], consumers: [] } });
  await using provisioner = await actAs(server, 'provisioner');
  await applyTopology({ nc: provisioner.nc, topology, log });
  const { changes } = await planTopology(provisioner.nc, topology);
  expect(changes.every(({ action }) => action === 'keep')).toBe(true);
  const { streams } = await jetstreamManager(provisioner.nc);
  await expect(streams.delete('USER_EVENTS')).rejects.toThrow(/permission/i);
});

test('nobody is let in without a key, or with one that the server does not know', async () => {
  await using server = await testNats({ topology: { streams: [], consumers: [] } });
  const { url } = server.as('user');
  const stranger = new TextDecoder().decode(nkeys.createUser().getSeed());
  for (const access of [{ url }, { url, nkeySeed: stranger }, { url: url.replace('//', '//user:user@') }])
    await expect(connect({ ...(await connectionOptions(access)), reconnect: false })).rejects.toThrow(/authorization/i);
});
