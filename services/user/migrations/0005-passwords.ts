import { Migration } from '@mikro-orm/migrations';

/** Proving a password again within a session, a cap on mails, and where those write who have no account. */
export class Migration0005Passwords extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  // Tries of a password within a session, counted before comparing, and until when the last right one counts as recent.
  `create table reauthentication (
     session_id uuid primary key references session (id) on delete cascade,
     tries int not null default 1,
     tries_since timestamptz not null default now(),
     valid_until timestamptz
   )`,
  // How many mails went to an address within a day, whatever asked for them.
  `alter table mail_cooldown
     add column mails int not null default 1,
     add column mails_since timestamptz not null default now()`,
  // Written where an account's challenge and its event would be, so that both take as long.
  `create table unsent_challenge (
     body text not null,
     at timestamptz not null default now()
   )`,
  `create index unsent_challenge_at on unsent_challenge (at)`,
];
