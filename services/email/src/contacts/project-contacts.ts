import type { EntityManager } from '@mikro-orm/postgresql';
import type { emailVerified, Envelope, EventOf, profileUpdated } from '@postrider/contracts';
import { UnavailableError } from '@postrider/messaging';
import { handleOnce } from '@postrider/outbox';
import { query } from '@postrider/runtime/database';
import { whileDatabaseAnswers } from '../ledger/database-outage.ts';

/**
 * The theory. Contacts are a projection: what the events said last, by user. Two things would make it wrong.
 *
 * Order: events of one user are published in order, but handlers run side by side, and a retry or a replay comes late. So each
 * column keeps the sequence of the event that set it, and gives way to a later one only.
 *
 * Repetition: a stream that was repaired, or a dead letter that is replayed, brings an event again, perhaps after its person was
 * erased and the row is gone. So each event has its effect once (`handleOnce`), and a deleted row needs no tombstone.
 *
 * Addresses that nobody proved are not kept: no mail about public facts goes to them, and nothing would say when to forget them.
 */
export interface ContactsContext {
  readonly em: EntityManager;
  readonly isMigrated: () => boolean;
}

/** Remembers the address that its owner has just proved. */
export function rememberAddress(context: ContactsContext) {
  return async (event: EventOf<typeof emailVerified>): Promise<void> => {
    const { userId, email, locale } = event.data;
    await project(context, event, async (em) => {
      await query(em, upsert, [userId, email, locale, sequenceOf(event)]);
    });
  };
}

/** Remembers the language that its person has just chosen. */
export function rememberLocale(context: ContactsContext) {
  return async (event: EventOf<typeof profileUpdated>): Promise<void> => {
    const { userId, locale } = event.data;
    if (locale === undefined) return;
    await project(context, event, async (em) => {
      await query(em, upsert, [userId, null, locale, sequenceOf(event)]);
    });
  };
}

/** A null says nothing about its column. An event without a number is as new as what it meets. */
const upsert = `
  insert into contact as c (user_id, email, email_sequence, locale, locale_sequence)
  values ($1, $2, case when $2::text is null then 0 else $4::bigint end, $3, $4::bigint)
  on conflict (user_id) do update set
    email = case when excluded.email is not null and excluded.email_sequence >= c.email_sequence then excluded.email else c.email end,
    email_sequence = greatest(c.email_sequence, excluded.email_sequence),
    locale = case when excluded.locale_sequence >= c.locale_sequence then excluded.locale else c.locale end,
    locale_sequence = greatest(c.locale_sequence, excluded.locale_sequence)`;

async function project(
  context: ContactsContext,
  event: Envelope,
  work: (em: EntityManager) => Promise<void>,
): Promise<void> {
  if (!context.isMigrated()) throw new UnavailableError('database', 'The database is not migrated yet.');
  const unit = { em: context.em, bell: { ring: () => undefined } }; // It records no events.
  const handling = { handler: 'contacts', eventId: event.id };
  await whileDatabaseAnswers(async () => handleOnce(unit, handling, async ({ em }) => work(em)));
}

function sequenceOf({ sequence }: Envelope): string {
  return sequence ?? '0';
}
