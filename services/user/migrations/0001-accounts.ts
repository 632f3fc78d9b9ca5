import { Migration } from '@mikro-orm/migrations';
import { outboxSchemaV1 } from '@postrider/outbox';

/** Accounts, their challenges, and the outbox. */
export class Migration0001Accounts extends Migration {
  override up(): void {
    for (const statement of [...accounts, ...outboxSchemaV1]) this.addSql(statement);
  }
}

const accounts = [
  `create table "user" (
     id uuid primary key,
     email text not null constraint user_email_unique unique,
     display_name text,
     locale text not null,
     password_hash text,
     is_password_disputed boolean not null default false,
     verified_email text,
     created_at timestamptz not null,
     version int not null default 1
   )`,
  `create table challenge (
     id uuid primary key,
     user_id uuid not null references "user" (id) on delete cascade,
     purpose text not null,
     email text not null,
     token_hash text not null constraint challenge_token_hash_unique unique,
     code_hash text not null,
     code_tries int not null default 0,
     code_expires_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz,
     superseded_at timestamptz,
     created_at timestamptz not null
   )`,
  `create index challenge_user_id on challenge (user_id)`,
  `create index challenge_open on challenge (email, purpose) where used_at is null and superseded_at is null`,
  `create index challenge_expires_at on challenge (expires_at)`,
  // What a client holds instead of an address: exists for every address that was submitted, whether or not it has an account.
  `create table verification_flow (
     id uuid primary key,
     email text not null,
     expires_at timestamptz not null
   )`,
  `create index verification_flow_expires_at on verification_flow (expires_at)`,
  // When an address was last sent something it may not have asked for; keyed by a hash, since most are nobody's account.
  `create table mail_cooldown (
     address_key text primary key,
     last_at timestamptz not null
   )`,
  `create index mail_cooldown_last_at on mail_cooldown (last_at)`,
];
