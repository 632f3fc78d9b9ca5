import { handledEventTable, outboxTables, prepareRecording } from '@postrider/outbox';
import type { Logger } from '@postrider/runtime';
import { type Database, type DatabaseOptions, migrateDatabase, openDatabase } from '@postrider/runtime/database';
import { Migration0001Ledger } from '../migrations/0001-ledger.ts';
import { Migration0002Housekeeping } from '../migrations/0002-housekeeping.ts';
import { Migration0003Schedule } from '../migrations/0003-schedule.ts';
import { Migration0004Watermarks } from '../migrations/0004-watermarks.ts';
import { Migration0005Contacts } from '../migrations/0005-contacts.ts';
import { Migration0007OutboxGenerations } from '../migrations/0007-outbox-generations.ts';
import { Contact } from './contacts/contact.ts';
import { LedgerMail } from './ledger/ledger-mail.ts';
import { MailAttempt } from './ledger/mail-attempt.ts';

/** The email service's database; it answers for itself in readiness and migrates itself. */
export async function openEmailDatabase(url: string, log: Logger): Promise<Database> {
  return openDatabase({ ...emailDatabase(url), log });
}

/** Applies the migrations, for a stack that wants to see it done before it starts the service. */
export async function migrate(url: string): Promise<void> {
  await migrateDatabase(emailDatabase(url));
}

/** What the database holds: entities, tables that are none, and how they came to be. */
export function emailDatabase(url: string): DatabaseOptions {
  return {
    url,
    entities: [LedgerMail, MailAttempt, Contact],
    migrations: [
      { name: '0001-ledger', class: Migration0001Ledger },
      { name: '0002-housekeeping', class: Migration0002Housekeeping },
      { name: '0003-schedule', class: Migration0003Schedule },
      { name: '0004-watermarks', class: Migration0004Watermarks },
      { name: '0005-contacts', class: Migration0005Contacts },
      { name: '0007-outbox-generations', class: Migration0007OutboxGenerations },
    ],
    otherTables: [...outboxTables, handledEventTable],
    onPoolCreated: prepareRecording,
  };
}
