import { Migration } from '@mikro-orm/migrations';

/** Sessions, what their refresh tokens were a moment ago, and the keys that sign their access tokens. */
export class Migration0004Sessions extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement);
  }
}

const statements = [
  `create table session (
     id uuid primary key,
     user_id uuid not null references "user" (id) on delete cascade,
     method text not null,
     device_label text,
     user_agent text,
     device_hash text not null,
     token_hash text not null,
     created_at timestamptz not null,
     last_used_at timestamptz not null,
     -- When it ends unless it is used before; never after the other.
     expires_at timestamptz not null,
     expires_at_latest timestamptz not null,
     ended_at timestamptz,
     end_reason text
   )`,
  `create index session_user_id on session (user_id)`,
  `create index session_over on session (least(ended_at, expires_at))`,
  // Refresh tokens that were replaced within the grace: those that may come once more. Older ones need no row (refresh-token.ts).
  `create table spent_refresh_token (
     token_hash text primary key,
     session_id uuid not null references session (id) on delete cascade,
     spent_at timestamptz not null default now()
   )`,
  `create index spent_refresh_token_session_id on spent_refresh_token (session_id)`,
  // Sign-ins to addresses that have no account: written where an account's would write its event, so that both take as long.
  `create table unknown_sign_in (
     address_key text not null,
     at timestamptz not null default now()
   )`,
  `create index unknown_sign_in_at on unknown_sign_in (at)`,
  `create table signing_key (
     kid text primary key,
     algorithm text not null,
     public_jwk jsonb not null,
     -- Compact JWE under a key that is not in the database.
     sealed_private_jwk text not null,
     created_at timestamptz not null default now(),
     -- Published from the beginning, signs from here on.
     not_before timestamptz not null,
     -- When it is time for its successor.
     replace_at timestamptz not null
   )`,
];
