import { UnavailableError } from '@postrider/messaging';
import { whileDatabaseAnswers } from '../ledger/database-outage.ts';
import { Contact } from './contact.ts';
import type { ContactsContext } from './project-contacts.ts';

/**
 * Where mail to a user goes. Notices and contacts come through different durables, so a notice can be the faster one: then it is an
 * ordinary failure of its handler, tried again with growing delays, and after the last one a dead letter.
 *
 * @throws {Error} while nobody has said it
 */
export async function findContact(
  context: ContactsContext,
  userId: string,
): Promise<{ email: string; locale: string }> {
  if (!context.isMigrated()) throw new UnavailableError('database', 'The database is not migrated yet.');
  const contact = await whileDatabaseAnswers(async () => context.em.fork().findOne(Contact, { userId }));
  const email = contact?.email ?? undefined;
  if (email === undefined) throw new Error(`No verified address is known of the user ${userId}.`);
  return { email, locale: contact?.locale ?? 'en' };
}
