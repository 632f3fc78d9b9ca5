import { emailVerified } from '@postrider/contracts';
import { test, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { type EmailWorld, startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently } from './quick.ts';

/**
 * Waits of minutes stand in the ledger, not in the consumer. No test waits for one: greylisting asks for five minutes, the test looks at
 * what that leaves behind, and then moves the row's time to now.
 */
vi.setConfig({ testTimeout: 120_000 });
/** Five minutes, as in production. */
const patientPolicy = { minDelayFactor: 1 };
const greylisted = '450 4.7.1 greylisted, come back later';
const makeDue = async (world: EmailWorld) => world.query(`update mail set next_attempt_at = clock_timestamp()`);

test.concurrent('a greylisted mail waits in the ledger, its message acknowledged, and goes out when it is due', async ({
  expect,
}) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 1 ? greylisted : undefined));
  await using _service = await world.start(patientPolicy);
  const { event, token, code } = await issueVerification(world.sealingKey);
  const id = await world.publish(event);
  await world.fact('deferred', id);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  const [row] = await world.query(
    `select state, durable, source_stream, source_sequence, m::text as all_of_it from mail m`,
  );
  expect(row).toMatchObject({
    state: 'retry_wait',
    durable: 'email-challenges',
    source_stream: 'USER_CHALLENGES',
    source_sequence: '1',
  });
  for (const secret of [token, code, 'ada@']) expect(row?.['all_of_it']).not.toContain(secret);
  await makeDue(world);
  expect((await world.fact('sent', id)).data).toMatchObject({ attempt: 2 });
  expect(world.smtp.accepted).toHaveLength(1);
  expect(world.seen.filter(({ subject }) => subject.startsWith('dead.'))).toEqual([]);
});

test.concurrent('more greylisted mails than the waiting room has places keep no healthy mail out', async ({
  expect,
}) => {
  // With their messages held, the twentieth greylisted mail would be the last that this consumer ever hands out.
  await using world = await startEmailWorld({ maxAckPending: 20 });
  world.smtp.answer('rcpt', (_count, { to }) => (to.includes('grey') ? greylisted : undefined));
  await using _service = await world.start(patientPolicy);
  const total = 200;
  for (let n = 0; n < total; n++) {
    await world.publish((await issueVerification(world.sealingKey, { email: `grey${n}@example.com` })).event);
  }
  const healthy = await world.publish((await issueVerification(world.sealingKey)).event);
  await world.fact('sent', healthy);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(total + 1);
  expect(await states(world)).toEqual({ retry_wait: total, sent: 1 });
});

test.concurrent('two replicas send each mail that is due once', async ({ expect }) => {
  await using world = await startEmailWorld();
  const total = 60;
  world.smtp.answer('rcpt', (count) => (count <= total ? greylisted : undefined));
  await using _one = await world.start(patientPolicy);
  await using _other = await world.start(patientPolicy);
  for (let n = 0; n < total; n++) {
    await world.publish((await issueVerification(world.sealingKey, { email: `user${n}@example.com` })).event);
  }
  await expect.poll(() => states(world), patiently).toEqual({ retry_wait: total });
  await makeDue(world);
  await expect.poll(() => states(world), patiently).toEqual({ sent: total });
  expect(new Set(world.smtp.received.map(({ to }) => to)).size).toBe(total);
  expect(world.smtp.received).toHaveLength(total);
  expect(await world.query('select distinct tries, attempts from mail')).toEqual([{ tries: 2, attempts: 2 }]);
});

test.concurrent('while the mail server is away nothing that is due is tried, and afterwards everything is', async ({
  expect,
}) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count <= 10 ? greylisted : undefined));
  await using service = await world.start(patientPolicy);
  for (let n = 0; n < 10; n++) {
    await world.publish((await issueVerification(world.sealingKey, { email: `user${n}@example.com` })).event);
  }
  await expect.poll(() => states(world), patiently).toEqual({ retry_wait: 10 });
  await world.smtp.down();
  await world.publish((await issueVerification(world.sealingKey)).event);
  await expect.poll(async () => (await fetch(`${service.url}/readyz`)).text(), patiently).toContain('waiting for smtp');
  await makeDue(world);
  await world.smtp.up();
  await expect.poll(() => states(world), patiently).toEqual({ sent: 11 });
  expect(await world.query(`select distinct tries from mail where durable is null and attempts = 2`)).toEqual([
    { tries: 2 },
  ]);
});

test.concurrent('a person who was erased while their mail waited gets none', async ({ expect }) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 1 ? greylisted : undefined));
  await using _service = await world.start(patientPolicy);
  const verified = emailVerified.create({ userId: uuidv7(), email: 'ada@example.com', method: 'link', locale: 'en' });
  const id = await world.publish(verified);
  await world.fact('deferred', id);
  await expect.poll(() => world.acknowledged('email-user-events'), patiently).toBe(1);
  await (await world.manager()).streams.purge('USER_EVENTS', { filter: verified.subject });
  await makeDue(world);
  await world.fact('failed', id);
  expect(await world.query('select state, reason from mail')).toEqual([
    { state: 'failed', reason: 'its event is no longer in the stream' },
  ]);
  expect(world.smtp.received).toEqual([]);
});

test.concurrent('a challenge that ended while its mail waited is said to be expired', async ({ expect }) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 1 ? greylisted : undefined));
  await using _service = await world.start(patientPolicy);
  const id = await world.publish((await issueVerification(world.sealingKey)).event);
  await world.fact('deferred', id);
  await world.query(`update mail set expires_at = clock_timestamp(), next_attempt_at = clock_timestamp()`);
  await world.fact('expired', id);
  expect(await states(world)).toEqual({ expired: 1 });
  expect(world.smtp.received).toEqual([]);
});

test.concurrent('an event that comes again while its mail waits changes nothing but where the event is found', async ({
  expect,
}) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 1 ? greylisted : undefined));
  await using _service = await world.start(patientPolicy);
  const { event } = await issueVerification(world.sealingKey);
  const id = await world.publish(event);
  await world.fact('deferred', id);
  await world.publish(event, { id, messageId: `${id}.r1` });
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(2);
  expect(await world.query('select source_sequence, tries from mail')).toEqual([{ source_sequence: '2', tries: 1 }]);
  await (await world.manager()).streams.deleteMessage('USER_CHALLENGES', 1);
  await makeDue(world);
  await world.fact('sent', id);
  expect(world.smtp.received).toHaveLength(1);
});

test.concurrent('a mail that fails after its wait is in the dead letters, under its event’s subject', async ({
  expect,
}) => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 1 ? greylisted : '554 5.7.1 refused by policy'));
  await using _service = await world.start(patientPolicy);
  const { event } = await issueVerification(world.sealingKey);
  const id = await world.publish(event);
  await world.fact('deferred', id);
  await makeDue(world);
  const letter = await world.deadLetter(id);
  expect(letter.subject).toBe(`dead.email-challenges.${event.subject}`);
  expect(letter.headers['Postrider-Retry-Of']).toBe('1');
  expect(await states(world)).toEqual({ failed: 1 });
});

async function states(world: EmailWorld): Promise<Record<string, number>> {
  const rows = await world.query('select state, count(*)::int as n from mail group by state order by state');
  return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
}
