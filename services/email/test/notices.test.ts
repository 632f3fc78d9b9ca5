import {
  emailVerified,
  passwordChanged,
  passwordResetCompleted,
  profileUpdated,
  refreshTokenReused,
  signedIn,
} from '@postrider/contracts';
import { simpleParser } from 'mailparser';
import { expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { type EmailWorld, startEmailWorld } from './email-world.ts';
import { issuePasswordReset } from './issue-verification.ts';
import { patiently } from './quick.ts';

test('a reset becomes a mail whose link and code work', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event, token, code } = await issuePasswordReset(world.sealingKey);
  const sent = await world.fact('sent', await world.publish(event));
  expect(sent.data).toMatchObject({ mail: 'password-reset@1', class: 'security' });
  const [mail] = await mailsOf(world);
  expect(mail?.subject).toBe('Set a new password');
  expect(mail?.text).toContain(`http://localhost:3000/reset#reset=${token}`);
  expect(/\b\d{8}\b/.exec(mail?.text ?? '')?.[0]).toBe(code);
});

test('what was sealed to verify an address resets no password: a dead letter, and no mail', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const { event } = await issuePasswordReset(world.sealingKey, { sealedPurpose: 'email_verification' });
  const letter = await world.deadLetter(await world.publish(event));
  expect(letter.headers['Postrider-Dead-Reason']).toContain('its purpose differs');
  expect(world.smtp.received).toEqual([]);
});

test('each notice goes to the address that its owner proved, in their language', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const [userId, at] = [uuidv7(), new Date().toISOString()];
  await world.fact('sent', await world.publish(verified(userId)));
  for (const event of [
    passwordChanged.create({ userId, at, sessionsRevoked: 1 }),
    passwordResetCompleted.create({ userId, at, sessionsRevoked: 3 }),
    signedIn.create({ userId, sessionId: uuidv7(), method: 'password', newDevice: true }),
    refreshTokenReused.create({ userId, sessionId: uuidv7() }),
  ])
    expect((await world.fact('sent', await world.publish(event))).data).toMatchObject({ class: 'notice' });
  const mails = await mailsOf(world);
  expect(mails.map(({ subject }) => subject)).toEqual([
    'Willkommen bei Postrider',
    'Dein Passwort wurde geändert',
    'Dein Passwort wurde geändert',
    'Ein neues Gerät hat sich bei deinem Konto angemeldet',
    'Wir haben eine Sitzung deines Kontos beendet',
  ]);
  expect(new Set(world.smtp.accepted.map(({ to }) => to))).toEqual(new Set(['ada@example.com']));
  for (const mail of mails.slice(1)) expect(mail.text).toContain('http://localhost:3000/reset');
});

test('a sign-in from a known device makes no mail', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const userId = uuidv7();
  const signIn = (newDevice: boolean) =>
    signedIn.create({ userId, sessionId: uuidv7(), method: 'password', newDevice });
  await world.publish(verified(userId));
  await world.publish(signIn(false));
  await world.fact('sent', await world.publish(signIn(true)));
  await expect.poll(() => world.acknowledged('email-sign-ins'), patiently).toBe(3);
  const types = await world.query('select event_type, count(*)::int as n from mail group by 1 order by 1');
  expect(types).toEqual([
    { event_type: 'user.email_verified.v1', n: 1 },
    { event_type: 'user.signed_in.v1', n: 1 },
  ]);
});

test('a notice that is faster than the address of its account waits for it', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start({ longestDelayMs: 2_000, firstDelayMs: 2_000 });
  const userId = uuidv7();
  const early = await world.publish(
    passwordChanged.create({ userId, at: new Date().toISOString(), sessionsRevoked: 0 }),
  );
  await expect.poll(async () => (await undone(world, 'email-user-events')).num_ack_pending, patiently).toBe(1);
  await world.publish(verified(userId));
  await world.fact('sent', early);
  expect(world.smtp.accepted.map(({ to }) => to)).toEqual(['ada@example.com', 'ada@example.com']);
});

test('a notice to an account whose address nobody ever says becomes a dead letter, which a replay sends later', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const userId = uuidv7();
  const event = passwordChanged.create({ userId, at: new Date().toISOString(), sessionsRevoked: 0 });
  const id = await world.publish(event);
  const letter = await world.deadLetter(id);
  expect(letter.headers['Postrider-Dead-Reason']).toContain(`No verified address is known of the user ${userId}`);
  await world.fact('sent', await world.publish(verified(userId)));
  await expect.poll(() => contact(world, userId), patiently).toMatchObject({ email: 'ada@example.com' });
  const subject = `user.retry.email-user-events.${event.subject}`;
  await world.publish(event, { id, messageId: `replay:${id}`, subject });
  await world.fact('sent', id);
});

test('contacts follow the order in which things happened, not the order in which they are told', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const userId = uuidv7();
  const locale = (value: string) => profileUpdated.create({ userId, changedFields: ['locale'], locale: value });
  await world.publish(locale('fr'), { sequence: '30' });
  await world.publish(locale('es'), { sequence: '20' });
  await world.publish(verified(userId), { sequence: '10' });
  await world.publish(emailVerified.create({ userId, email: 'old@example.com', locale: 'en', method: 'link' }), {
    sequence: '5',
  });
  await world.publish(profileUpdated.create({ userId, changedFields: ['displayName'], displayName: 'Ada' }), {
    sequence: '40',
  });
  await expect.poll(() => world.acknowledged('email-contacts'), patiently).toBe(5);
  expect(await contact(world, userId)).toEqual({
    user_id: userId,
    email: 'ada@example.com',
    email_sequence: '10',
    locale: 'fr',
    locale_sequence: '30',
  });
});

test('an event that comes again brings no contact back that was deleted', async () => {
  await using world = await startEmailWorld();
  await using _service = await world.start();
  const userId = uuidv7();
  const id = uuidv7();
  await world.publish(verified(userId), { id, messageId: 'one' });
  await expect.poll(() => contact(world, userId), patiently).toBeDefined();
  await world.query('delete from contact');
  await world.publish(verified(userId), { id, messageId: 'two' });
  await expect.poll(() => world.acknowledged('email-contacts'), patiently).toBe(2);
  expect(await contact(world, userId)).toBeUndefined();
});

const verified = (userId: string) =>
  emailVerified.create({ userId, email: 'ada@example.com', locale: 'de', method: 'link' });

async function mailsOf(world: EmailWorld) {
  return Promise.all(world.smtp.accepted.map(({ raw }) => simpleParser(raw)));
}

async function contact(world: EmailWorld, userId: string) {
  return (await world.query('select * from contact where user_id = $1', [userId]))[0];
}

async function undone(world: EmailWorld, durable: string) {
  return (await world.manager()).consumers.info('USER_EVENTS', durable);
}
