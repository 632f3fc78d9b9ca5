import { registrationAttempted } from '@postrider/contracts';
import { expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { type EmailWorld, startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently } from './quick.ts';
import { drop } from './scripted-smtp.ts';

test('an address that does not exist bounces: said once, acknowledged, and never tried again', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', () => '550 5.1.1 no such user');
  await using _service = await world.start();
  const id = await publishVerification(world);
  expect((await world.fact('bounced', id)).data).toMatchObject({
    phase: 'rcpt',
    replyCode: 550,
    enhancedCode: '5.1.1',
    attempt: 1,
  });
  expect(await ledger(world)).toEqual([{ state: 'bounced', attempts: 1, tries: 1, ambiguities: 0 }]);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  expect(world.seen.filter(({ subject }) => subject.startsWith('dead.'))).toEqual([]);
});

test('a greylisting server is asked again until it takes the mail', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count <= 2 ? '450 4.7.1 greylisted' : undefined));
  await using _service = await world.start();
  const id = await publishVerification(world);
  expect((await world.fact('sent', id)).data).toMatchObject({ attempt: 3 });
  expect(facts(world, id)).toEqual(['deferred', 'deferred', 'sent']);
  expect(await ledger(world)).toEqual([{ state: 'sent', attempts: 3, tries: 3, ambiguities: 0 }]);
});

test('a mail that is refused five times is given up, where an operator sees it', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('final', () => '451 4.3.0 not now');
  await using _service = await world.start();
  const id = await publishVerification(world);
  expect((await world.deadLetter(id)).headers['Postrider-Dead-Reason']).toContain('5 attempts, the last one: deferred');
  expect((await world.fact('failed', id)).data).toMatchObject({ attempt: 5 });
  expect(facts(world, id)).toEqual(['deferred', 'deferred', 'deferred', 'deferred', 'failed']);
  expect(world.smtp.accepted).toEqual([]);
});

test('while the mail server is away nothing is spent, and afterwards every mail goes out once', async () => {
  await using world = await startEmailWorld();
  await using service = await world.start();
  await world.fact('sent', await publishVerification(world));
  await world.smtp.down();
  const recipients = Array.from({ length: 40 }, (_, index) => `user${index}@example.com`);
  const ids = await Promise.all(recipients.map(async (email) => publishVerification(world, email)));
  await expect
    .poll(() => health(service.url, 'email-challenges'))
    .toMatchObject({
      status: 'down',
      detail: 'waiting for smtp',
    });
  await world.smtp.up();
  await Promise.all(ids.map((id) => world.fact('sent', id)));
  expect(world.smtp.received.map(({ to }) => to).toSorted()).toEqual(['ada@example.com', ...recipients].toSorted());
  expect(await world.query('select distinct state, attempts from mail')).toEqual([{ state: 'sent', attempts: 1 }]);
  expect(world.seen.some(({ subject }) => /^(dead|email\.v1\.deferred)\./.test(subject))).toBe(false);
});

test('a security mail whose answer was lost is sent once more, byte for byte', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('final', (count) => (count === 1 ? drop : undefined));
  await using _service = await world.start();
  const id = await publishVerification(world);
  await world.fact('sent', id);
  expect(facts(world, id)).toEqual(['ambiguous', 'sent']);
  expect(world.smtp.received).toHaveLength(2);
  expect(world.smtp.received[1]).toEqual(world.smtp.received[0]);
});

test('a security mail whose answer was lost twice is not sent a third time', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('final', () => drop);
  await using _service = await world.start();
  await publishVerification(world);
  await expect
    .poll(() => ledger(world), patiently)
    .toEqual([{ state: 'ambiguous', attempts: 2, tries: 2, ambiguities: 2 }]);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  expect(world.smtp.received).toHaveLength(2);
});

test('a notice whose answer was lost is not sent again', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('final', () => drop);
  await using _service = await world.start();
  const notice = registrationAttempted.create({ userId: uuidv7(), email: 'ada@example.com', locale: 'en' });
  const id = await world.publish(notice);
  await world.fact('ambiguous', id);
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(1);
  expect(await ledger(world)).toEqual([{ state: 'ambiguous', attempts: 1, tries: 1, ambiguities: 1 }]);
  expect(world.smtp.received).toHaveLength(1);
});

test('stopping lets a mail under way end, and records it', async () => {
  await using world = await startEmailWorld();
  const answer = Promise.withResolvers<string>();
  world.smtp.answer('final', () => answer.promise);
  const service = await world.start({ graceMs: 60_000 });
  const id = await publishVerification(world);
  await world.smtp.until(({ seen }) => seen.final === 1);
  const stopping = service[Symbol.asyncDispose]();
  answer.resolve('250 2.0.0 queued');
  await stopping;
  expect(await ledger(world)).toEqual([{ state: 'sent', attempts: 1, tries: 1, ambiguities: 0 }]);
  expect(await world.query('select event_id from mail')).toEqual([{ event_id: id }]);
});

test('stopping gives up on a server that hangs before the data, and the next replica sends the mail once', async () => {
  await using world = await startEmailWorld();
  const never = Promise.withResolvers<string>();
  world.smtp.answer('rcpt', (count) => (count === 1 ? never.promise : undefined));
  const service = await world.start({ graceMs: 100 });
  const id = await publishVerification(world);
  await world.smtp.until(({ seen }) => seen.rcpt === 1);
  await service[Symbol.asyncDispose]();
  expect(await ledger(world)).toEqual([{ state: 'accepted', attempts: 0, tries: 1, ambiguities: 0 }]);
  await using _next = await world.start();
  await world.fact('sent', id);
  expect(world.smtp.received).toHaveLength(1);
});

async function publishVerification(world: EmailWorld, email = 'ada@example.com'): Promise<string> {
  return world.publish((await issueVerification(world.sealingKey, { email })).event);
}

async function ledger(world: EmailWorld): Promise<unknown> {
  return world.query('select state, attempts, tries, ambiguities from mail order by accepted_at');
}

/** The names of the facts about the mail of an event, as they were published. */
function facts(world: EmailWorld, eventId: string): (string | undefined)[] {
  return world.seen
    .filter(({ subject, data }) => subject.startsWith('email.v1.') && data['causationId'] === eventId)
    .map(({ subject }) => subject.split('.')[2]);
}

async function health(url: string, part: string): Promise<unknown> {
  const response = await fetch(`${url}/readyz`);
  const body = (await response.json()) as { parts: Record<string, unknown> }; // Our own format; the assertion looks inside.
  return body.parts[part];
}
