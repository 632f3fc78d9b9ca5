import { outboxTables, prepareRecording } from '@postrider/outbox';
import { type Database, type DatabaseOptions, migrateDatabase, openDatabase } from '@postrider/runtime/database';
import type { Logger } from '@postrider/runtime';
import { Migration0001Accounts } from '../migrations/0001-accounts.ts';
import { Migration0002Housekeeping } from '../migrations/0002-housekeeping.ts';
import { Migration0003Watermarks } from '../migrations/0003-watermarks.ts';
import { Migration0004Sessions } from '../migrations/0004-sessions.ts';
import { Migration0005Passwords } from '../migrations/0005-passwords.ts';
import { Migration0006Http } from '../migrations/0006-http.ts';
import { Migration0008OutboxGenerations } from '../migrations/0008-outbox-generations.ts';
import { User } from './accounts/user.ts';
import { Challenge } from './challenges/challenge.ts';
import { Session } from './sessions/session.ts';

/** The user service's database; it answers for itself in readiness and migrates itself. */
export async function openUserDatabase(url: string, log: Logger): Promise<Database> {
  return openDatabase({ ...userDatabase(url), log });
}

/** Applies the migrations, for a stack that wants to see it done before it starts the service. */
export async function migrate(url: string): Promise<void> {
  await migrateDatabase(userDatabase(url));
}

/** What the database holds: entities, tables that are none, and how they came to be. */
export function userDatabase(url: string): DatabaseOptions {
  return {
    url,
    entities: [User, Challenge, Session],
    migrations: [
      { name: '0001-accounts', class: Migration0001Accounts },
      { name: '0002-housekeeping', class: Migration0002Housekeeping },
      { name: '0003-watermarks', class: Migration0003Watermarks },
      { name: '0004-sessions', class: Migration0004Sessions },
      { name: '0005-passwords', class: Migration0005Passwords },
      { name: '0006-http', class: Migration0006Http },
      { name: '0008-outbox-generations', class: Migration0008OutboxGenerations },
    ],
    otherTables: [
      ...outboxTables,
      'verification_flow',
      'mail_cooldown',
      'spent_refresh_token',
      'unknown_sign_in',
      'signing_key',
      'reauthentication',
      'unsent_challenge',
      'idempotency_key',
      'rate_limit',
    ],
    onPoolCreated: prepareRecording,
  };
}
