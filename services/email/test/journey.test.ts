import { emailVerified, registrationAttempted } from '@postrider/contracts';
import { simpleParser } from 'mailparser';
import { expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { startEmailWorld } from './email-world.ts';
import { issueVerification } from './issue-verification.ts';
import { patiently } from './quick.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('a challenge becomes a mail whose link and code work, and a fact that others can follow', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event, token, code } = await issueVerification(world.sealingKey);
  const eventId = await world.publish(event, { traceparent });

  const sent = await world.fact('sent', eventId);
  expect(sent.data).toMatchObject({ mail: 'email-verification@1', class: 'security', attempt: 1, replyCode: 250 });
  expect(sent.headers).toMatchObject({ 'ce-causationid': eventId, 'ce-source': '/postrider/email' });
  expect(sent.headers['traceparent']).toContain('4bf92f3577b34da6a3ce929d0e0e4736');

  expect(world.smtp.accepted.map(({ to }) => to)).toEqual(['ada@example.com']);
  const mail = await simpleParser(world.smtp.accepted[0]?.raw ?? '');
  expect(mail.subject).toBe('Confirm your email address');
  expect(mail.text).toContain(`http://localhost:3000/confirm#verify=${token}`);
  expect(/\b\d{8}\b/.exec(mail.text ?? '')?.[0]).toBe(code);
});

test('the ledger and the facts know neither the address nor the secret', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event, token, code } = await issueVerification(world.sealingKey, { email: 'grace.hopper@example.org' });
  await world.fact('sent', await world.publish(event));
  const rows = await world.query(
    `select (select json_agg(m) from mail m)::text || (select json_agg(a) from mail_attempt a)::text
       || (select json_agg(e) from outbox_event e)::text as everything`,
  );
  const everything = String(rows[0]?.['everything']);
  expect(everything).toContain('"recipient_domain":"example.org"');
  for (const secret of [token, code, 'grace']) expect(everything).not.toContain(secret);
});

test('a confirmed address is welcomed and its owner is told of another registration, in their language', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const person = { userId: uuidv7(), email: 'ada@example.com', locale: 'de-AT' };
  await world.fact('sent', await world.publish(emailVerified.create({ ...person, method: 'link' })));
  await world.fact('sent', await world.publish(registrationAttempted.create(person)));
  const mails = await Promise.all(world.smtp.accepted.map(({ raw }) => simpleParser(raw)));
  expect(mails.map(({ subject }) => subject)).toEqual(['Willkommen bei Postrider', 'Du hast schon ein Konto']);
  expect(mails.map(({ headers }) => headers.get('content-language'))).toEqual(['de', 'de']);
});

test('an event that comes several times makes one mail', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event } = await issueVerification(world.sealingKey);
  const id = uuidv7();
  for (const messageId of ['one', 'two', 'three']) await world.publish(event, { id, messageId });
  await world.fact('sent', id);
  const later = await issueVerification(world.sealingKey, { email: 'later@example.com' });
  await world.fact('sent', await world.publish(later.event));
  await handled(world, 4);
  expect(world.smtp.received.map(({ to }) => to).toSorted()).toEqual(['ada@example.com', 'later@example.com']);
});

test('two replicas share the work and send each mail once', async () => {
  await using world = await startEmailWorld();
  await using _one = await world.start();
  await using _two = await world.start();
  const recipients = Array.from({ length: 40 }, (_, index) => `user${index}@example.com`);
  const ids = await Promise.all(
    recipients.map(async (email) => world.publish((await issueVerification(world.sealingKey, { email })).event)),
  );
  await Promise.all(ids.map((id) => world.fact('sent', id)));
  expect(world.smtp.received.map(({ to }) => to).toSorted()).toEqual(recipients.toSorted());
});

test('an expired challenge is never sent', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event } = await issueVerification(world.sealingKey, { expiresAt: new Date(Date.now() - 1_000) });
  const id = await world.publish(event);
  expect((await world.fact('expired', id)).data).toMatchObject({ attempt: 0 });
  expect(await world.query('select state, tries from mail')).toEqual([{ state: 'expired', tries: 0 }]);
  expect(world.smtp.received).toEqual([]);
});

test('a replay of a mail that was sent does nothing; of one that failed, it sends it', async () => {
  await using world = await startEmailWorld();
  world.smtp.answer('rcpt', (count) => (count === 2 ? '554 5.7.1 blocked' : undefined));
  await using _service = await world.start();
  const [good, bad] = [await issueVerification(world.sealingKey), await issueVerification(world.sealingKey)];
  const goodId = await world.publish(good.event);
  await world.fact('sent', goodId);
  const badId = await world.publish(bad.event);
  const letter = await world.deadLetter(badId);
  expect(letter.headers['Postrider-Dead-Reason']).toContain('ours: policy');

  for (const [id, { event }] of [
    [goodId, good],
    [badId, bad],
  ] as const) {
    const subject = `challenge.retry.email-challenges.${event.subject}`;
    await world.publish(event, { id, messageId: `replay:${id}`, subject });
  }
  await world.fact('sent', badId);
  await handled(world, 4);
  expect(world.smtp.accepted).toHaveLength(2);
  expect(await world.query(`select state from mail order by accepted_at`)).toEqual([
    { state: 'sent' },
    { state: 'sent' },
  ]);
});

test('what can’t be understood or opened is a dead letter with its reason, and the next mail goes out', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event } = await issueVerification(world.sealingKey);
  const garbled = await world.publish(event, { body: '{"userId":' });
  const incomplete = await world.publish(event, { body: '{}' });
  const copied = await issueVerification(world.sealingKey, { email: 'eve@example.com', sealedFor: 'ada@example.com' });
  const copiedId = await world.publish(copied.event);
  const unsendable = await issueVerification(world.sealingKey, { email: 'Eve <eve@example.com>' });
  const unsendableId = await world.publish(unsendable.event);
  const reasonOf = async (id: string): Promise<string | undefined> =>
    (await world.deadLetter(id)).headers['Postrider-Dead-Reason'];
  expect(await reasonOf(garbled)).toContain('no JSON');
  expect(await reasonOf(incomplete)).toContain('breaks challenge.email_verification_issued.v1');
  expect(await reasonOf(copiedId)).toContain('its email differs');
  expect(await reasonOf(unsendableId)).toContain('not an address');
  expect((await world.fact('failed', copiedId)).data).toMatchObject({ attempt: 0 });
  await world.fact('sent', await world.publish(event));
  expect(world.smtp.received).toHaveLength(1);
});

test('the largest message that a stream takes ends in the dead letters like any other, larger ones are not taken', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event } = await issueVerification(world.sealingKey);
  const manager = await world.manager();
  const { max_msg_size: most } = (await manager.streams.info(event.stream)).config;
  // Its headers count too.
  const largest = await world.publish(event, { body: 'x'.repeat(most - 1_000) });
  expect((await world.deadLetter(largest)).headers['Postrider-Dead-Reason']).toContain('no JSON');
  await expect(world.publish(event, { body: 'x'.repeat(most) })).rejects.toThrow('maximum');
  await world.fact('sent', await world.publish(event));
  await handled(world, 2);
});

/** Resolves when the durable is done with the first messages of its stream, that many. */
async function handled(world: Awaited<ReturnType<typeof startEmailWorld>>, count: number): Promise<void> {
  await expect.poll(() => world.acknowledged('email-challenges'), patiently).toBe(count);
}
