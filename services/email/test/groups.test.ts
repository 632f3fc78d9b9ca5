import { emailSent } from '@postrider/contracts';
import { testDatabase } from '@postrider/local/testing';
import { query } from '@postrider/runtime/database';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { migrate, openEmailDatabase } from '../src/database.ts';
import { acceptMails, type NewMail } from '../src/ledger/accept-mails.ts';
import { type Closing, closeMails } from '../src/ledger/close-mails.ts';

test('of mails accepted together each is claimed once, and one that the ledger knows is left alone', async () => {
  await using opened = await openLedger();
  const { em } = opened;
  const [known, fresh] = [newMail(), newMail({ expiresAt: new Date() })];
  expect(await acceptMails(em, [known], 60_000)).toEqual([{ number: 1 }]);
  const twin = newMail({ key: fresh.key });
  expect(await acceptMails(em, [newMail({ key: known.key }), fresh, twin], 60_000)).toEqual([
    undefined,
    { number: 1 },
    undefined,
  ]);
  expect(await query(em.fork(), `select id, state, tries, ${msOf('expires_at')} from mail order by id`, [])).toEqual([
    { id: known.id, state: 'sending', tries: 1, expires_at: null },
    { id: fresh.id, state: 'sending', tries: 1, expires_at: fresh.expiresAt?.getTime() },
  ]);
  expect(await query(em.fork(), 'select mail_id, number, outcome from mail_attempt order by mail_id', [])).toEqual([
    { mail_id: known.id, number: 1, outcome: null },
    { mail_id: fresh.id, number: 1, outcome: null },
  ]);
});

test('of mails closed together only those whose attempt is still open change and are told, each with its own cause', async () => {
  await using opened = await openLedger();
  const { em } = opened;
  const mails = Array.from({ length: 4 }, () => newMail());
  await acceptMails(em, mails, 60_000);
  let rings = 0;
  const bell = { ring: () => void rings++ };
  const [first, second, taken, held] = mails.map((mail) => closing(mail)) as [Closing, Closing, Closing, Closing];
  const stale = { ...taken, number: 2 };
  const others = { ...held, isOwners: false };
  expect(await closeMails({ em, bell }, [first, stale, second, others])).toEqual([true, false, true, false]);
  expect(await closeMails({ em, bell }, [first])).toEqual([false]);
  expect(rings).toBe(1);
  expect(await query(em.fork(), `select state, attempts, ${msOf('settled_at')} from mail order by id`, [])).toEqual([
    { state: 'sent', attempts: 1, settled_at: first.settledAt?.getTime() },
    { state: 'sent', attempts: 1, settled_at: second.settledAt?.getTime() },
    { state: 'sending', attempts: 0, settled_at: null },
    { state: 'sending', attempts: 0, settled_at: null },
  ]);
  expect(await query(em.fork(), 'select outcome, reply_code from mail_attempt order by mail_id', [])).toEqual([
    { outcome: 'sent', reply_code: 250 },
    { outcome: 'sent', reply_code: 250 },
    { outcome: null, reply_code: null },
    { outcome: null, reply_code: null },
  ]);
  const facts = await query(em.fork(), 'select headers, aggregate_id as id from outbox_event order by id', []);
  expect(facts).toEqual([
    { headers: { causationId: `cause of ${first.mailId}` }, id: first.mailId },
    { headers: { causationId: `cause of ${second.mailId}` }, id: second.mailId },
  ]);
});

/** A time as Unix milliseconds: statements of our own answer times as text. */
const msOf = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8 as ${column}`;

async function openLedger() {
  await using opening = new AsyncDisposableStack();
  const { url } = opening.use(await testDatabase({ name: 'email', migrate }));
  const database = opening.use(await openEmailDatabase(url, pino({ level: 'silent' })));
  const opened = opening.move();
  return { em: database.em, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function newMail(changes: Partial<NewMail> = {}): NewMail {
  const id = uuidv7();
  return {
    id,
    key: `key of ${id}`,
    eventId: uuidv7(),
    eventType: 'user.registered.v1',
    mail: 'welcome@1',
    class: 'transactional',
    recipientHash: 'ab'.repeat(32),
    recipientDomain: 'example.com',
    acceptedAt: new Date(),
    expiresAt: null,
    provider: 'smtp',
    ...changes,
  };
}

function closing({ id }: NewMail): Closing {
  const now = new Date();
  const about = { mailId: id, causationId: uuidv7(), mail: 'welcome@1', class: 'transactional', attempt: 1 } as const;
  const fact = emailSent.create({ ...about, provider: 'smtp', phase: 'sent', replyCode: 250 });
  return {
    mailId: id,
    number: 1,
    isOwners: true,
    state: 'sent',
    outcome: 'sent',
    reason: 'the server took it',
    spent: 1,
    ambiguous: 0,
    nextAttemptAt: null,
    durable: null,
    sourceStream: null,
    sourceSequence: null,
    phase: 'sent',
    replyCode: 250,
    enhancedCode: null,
    settledAt: now,
    endedAt: now,
    fact: { ...fact, headers: { causationId: `cause of ${id}` } },
  };
}
