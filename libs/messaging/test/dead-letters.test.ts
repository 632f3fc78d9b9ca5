import { jetstream } from '@nats-io/jetstream';
import { test, vi } from 'vitest';
import {
  type DeadLetter,
  discardLetters,
  findLetters,
  on,
  PermanentError,
  readAudit,
  replayLetters,
  showLetter,
  startSubscription,
} from '../src/index.ts';
import { log, messagingServer, type MessagingServer, thing } from './messaging-fixture.ts';
import { thingDone } from './thing-done.ts';

const actor = { by: 'grace', because: 'the handler is mended' };
const quickly = { perSecond: 1_000 };
const patiently = { timeout: 20_000, interval: 25 };
const operatorOf = async (server: MessagingServer) => server.operator.first();

const subscribe = (server: MessagingServer, handle: Parameters<typeof on<typeof thingDone>>[1]) =>
  startSubscription({ nats: server.email, declaration: server.declaration, handlers: [on(thingDone, handle)], log });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A server on which the things 1 to `count` have died. */
async function serverWithLetters(count: number): Promise<MessagingServer> {
  const server = await messagingServer();
  for (let n = 1; n <= count; n++) await server.publisher.publish(thing(n));
  await bury(server, count);
  return server;
}

async function bury(server: MessagingServer, count: number): Promise<void> {
  await using _subscription = subscribe(server, async ({ data }) => {
    throw new PermanentError(data.n % 2 === 0 ? 'Even things are refused.' : 'Odd things are refused.');
  });
  await vi.waitUntil(async () => {
    const { waiting, unacknowledged } = await server.pendingOf();
    return waiting + unacknowledged === 0 && (await server.deadLetters()).length === count;
  }, patiently);
}

test.concurrent('letters are found by what they are about, and shown whole', async ({ expect }) => {
  await using server = await serverWithLetters(4);
  const nc = await operatorOf(server);
  const found = async (filter: Parameters<typeof findLetters>[1]) =>
    (await all(findLetters(nc, filter))).map(({ sequence }) => sequence);
  expect(await found({})).toEqual([1, 2, 3, 4]);
  expect(await found({ reason: 'even things' })).toHaveLength(2);
  expect(await found({ durable: 'email-user-events', type: 'user.thing_done.v1' })).toHaveLength(4);
  expect(await found({ durable: 'another' })).toEqual([]);
  expect(await found({ type: 'user.registered.v1' })).toEqual([]);
  expect(await found({ subject: 'user.v1.*.u-1', sequences: [2, 9] })).toEqual([2]);
  expect(await found({ subject: 'user.v1.*.u-2' })).toEqual([]);
  expect(await found({ buriedFrom: new Date('2100-01-01') })).toEqual([]);
  expect(await showLetter(nc, 1)).toMatchObject({
    sequence: 1,
    durable: 'email-user-events',
    stream: 'USER_EVENTS',
    subject: 'user.v1.thing_done.u-1',
    type: 'user.thing_done.v1',
    deliveries: 1,
    secondsLeft: undefined,
  });
  expect(await showLetter(nc, 99)).toBeUndefined();
});

test.concurrent('a replay is the same event in a new message, for its own durable, and the trail says who did it', async ({
  expect,
}) => {
  await using server = await serverWithLetters(2);
  const nc = await operatorOf(server);
  const [letter] = await all(findLetters(nc));
  expect(await replayLetters(nc, { ...actor, filter: { sequences: [1] } })).toEqual({ replayed: 1, refused: [] });
  const seen: string[] = [];
  await using _subscription = subscribe(server, async ({ id }) => void seen.push(id));
  await expect.poll(() => seen).toEqual([letter?.eventId]);
  const last = await server.manager.streams.getMessage('USER_EVENTS', { seq: 3 });
  expect(last?.subject).toBe('user.retry.email-user-events.user.v1.thing_done.u-1');
  expect(last?.header.get('Nats-Msg-Id')).toBe(`replay:1:${letter?.eventId}`);
  expect(last?.header.get('Postrider-Replay-Of')).toBe('1');
  expect(last?.header.has('Postrider-Dead-Reason')).toBe(false);
  expect((await all(findLetters(nc))).map(({ sequence }) => sequence)).toEqual([2]);
  expect(await all(readAudit(nc))).toMatchObject([
    { action: 'replay', ...actor, letter: 1, eventId: letter?.eventId, messageId: `replay:1:${letter?.eventId}` },
  ]);
});

test.concurrent('a dry run counts exactly what the run then does, and changes nothing', async ({ expect }) => {
  await using server = await serverWithLetters(7);
  const nc = await operatorOf(server);
  const options = { ...actor, ...quickly, filter: { reason: 'odd' } };
  const dry = await replayLetters(nc, { ...options, dryRun: true });
  expect(dry.replayed).toBe(4);
  expect(await all(findLetters(nc))).toHaveLength(7);
  expect(await all(readAudit(nc))).toEqual([]);
  expect(await replayLetters(nc, options)).toEqual(dry);
  expect(await all(findLetters(nc))).toHaveLength(3);
  expect(await all(readAudit(nc))).toHaveLength(4);
});

test.concurrent('what dies again is a new letter that names the ones it descends from', async ({ expect }) => {
  await using server = await serverWithLetters(1);
  const nc = await operatorOf(server);
  await replayLetters(nc, { ...actor, filter: {} });
  await bury(server, 1);
  await replayLetters(nc, { ...actor, filter: {} });
  await bury(server, 1);
  const [letter] = await all(findLetters(nc));
  expect(letter).toMatchObject({ sequence: 3, subject: 'user.v1.thing_done.u-1' });
  expect(letter?.headers.values('Postrider-Replay-Of')).toEqual(['1', '2']);
});

test.concurrent('an edit is checked by the contract: what it takes is sent, what it refuses stays', async ({
  expect,
}) => {
  await using server = await serverWithLetters(2);
  const nc = await operatorOf(server);
  const contracts = [thingDone];
  const edit = (data: unknown, { sequence }: DeadLetter) => ({ ...(data as object), n: sequence === 1 ? 40 : 'forty' });
  const report = await replayLetters(nc, { ...actor, ...quickly, filter: {}, edit, contracts });
  expect(report).toMatchObject({
    replayed: 1,
    refused: [{ letter: 2, because: expect.stringMatching(/breaks user\.thing_done\.v1: n/) }],
  });
  const seen: number[] = [];
  await using _subscription = subscribe(server, async ({ data }) => void seen.push(data.n));
  await expect.poll(() => seen).toEqual([40]);
  expect(await all(readAudit(nc))).toMatchObject([{ letter: 1, edited: ['n'] }]);
  expect(await replayLetters(nc, { ...actor, filter: {}, edit })).toMatchObject({
    replayed: 0,
    refused: [{ because: 'No contract describes "user.thing_done.v1": it can\'t be edited.' }],
  });
});

test.concurrent('a discarded letter is gone, and the trail says what it was and why, without its contents', async ({
  expect,
}) => {
  await using server = await serverWithLetters(3);
  const nc = await operatorOf(server);
  const filter = { reason: 'even' };
  expect(await discardLetters(nc, { ...actor, filter, dryRun: true })).toBe(1);
  expect(await all(findLetters(nc))).toHaveLength(3);
  expect(await discardLetters(nc, { ...actor, filter })).toBe(1);
  expect(await all(findLetters(nc))).toHaveLength(2);
  const [entry] = await all(readAudit(nc));
  expect(entry).toMatchObject({ action: 'discard', ...actor, reason: 'PermanentError: Even things are refused.' });
  expect(JSON.stringify(entry)).not.toContain('"n"');
});

test.concurrent('nobody acts without a name and a reason, nor while the trail can’t be written', async ({ expect }) => {
  await using server = await serverWithLetters(1);
  const nc = await operatorOf(server);
  await expect(replayLetters(nc, { by: ' ', because: 'x', filter: {} })).rejects.toThrow('Say who you are');
  await expect(discardLetters(nc, { by: 'x', because: '', filter: {} })).rejects.toThrow('Say who you are');
  await server.manager.streams.delete('DEAD_LETTER_AUDIT');
  await expect(replayLetters(nc, { ...actor, filter: {} })).rejects.toThrow();
  expect(await all(findLetters(nc))).toHaveLength(1);
  expect((await server.manager.streams.info('USER_EVENTS')).state.last_seq).toBe(1);
});

test.concurrent('what is no letter of ours stays, is reported, and can be discarded', async ({ expect }) => {
  await using server = await serverWithLetters(1);
  const nc = await operatorOf(server);
  await jetstream(nc).publish('dead.somebody.something', 'not ours');
  expect(await replayLetters(nc, { ...actor, filter: {} })).toEqual({
    replayed: 1,
    refused: [{ letter: 2, because: expect.stringContaining('Its headers do not say where it came from') }],
  });
  expect(await discardLetters(nc, { ...actor, filter: { sequences: [2] } })).toBe(1);
  expect(await all(findLetters(nc))).toEqual([]);
});

test.concurrent('a letter that claims to be another durable’s than its subject says is not replayed', async ({
  expect,
}) => {
  await using server = await serverWithLetters(0);
  const claimed = {
    Consumer: 'email-challenges',
    Stream: 'USER_EVENTS',
    Subject: 'user.v1.thing_done.u-1',
    Sequence: '1',
  };
  const headers = Object.entries(claimed).map(([name, value]) => [`Postrider-Dead-${name}`, value] as const);
  await server.publishRaw('dead.crm.user.v1.thing_done.u-1', '{}', Object.fromEntries(headers));
  const report = await replayLetters(await operatorOf(server), { filter: {}, ...actor, ...quickly });
  expect(report).toMatchObject({ replayed: 0, refused: [{ letter: 1 }] });
});

test.concurrent('broken off between message and letter, a second run stores no second message', async ({ expect }) => {
  await using server = await serverWithLetters(1);
  const nc = await operatorOf(server);
  const [letter] = await all(findLetters(nc));
  // As a run leaves it that dies before it removes the letter.
  await jetstream(nc).publish(`user.retry.email-user-events.${letter?.subject}`, letter?.data, {
    msgID: `replay:1:${letter?.eventId}`,
  });
  expect(await replayLetters(nc, { ...actor, filter: {} })).toEqual({ replayed: 1, refused: [] });
  expect((await server.manager.streams.info('USER_EVENTS')).state.last_seq).toBe(2);
  expect(await all(findLetters(nc))).toEqual([]);
});
