import { Migration } from '@mikro-orm/migrations';
import { outboxSchemaV1 } from '@postrider/outbox';

/** The ledger of mails, and the outbox of their delivery facts. */
export class Migration0001Ledger extends Migration {
  override up(): void {
    for (const statement of [...ledger, ...outboxSchemaV1]) this.addSql(statement);
  }
}

const ledger = [
  // One row a mail that we owe. Who gets it is a keyed hash and a domain: a dump of this table is no list of customers.
  `create table mail (
     id uuid primary key,
     key text not null constraint mail_key_unique unique,
     event_id text not null,
     event_type text not null,
     mail text not null,
     class text not null,
     recipient_hash text not null,
     recipient_domain text not null,
     state text not null,
     reason text,
     attempts int not null default 0,
     ambiguities int not null default 0,
     tries int not null default 0,
     lease_until timestamptz,
     next_attempt_at timestamptz,
     expires_at timestamptz,
     accepted_at timestamptz not null,
     settled_at timestamptz
   )`,
  `create index mail_event_id on mail (event_id)`,
  `create index mail_recipient_hash on mail (recipient_hash)`,
  `create index mail_open on mail (state, accepted_at) where settled_at is null`,
  `create table mail_attempt (
     mail_id uuid not null references mail (id) on delete cascade,
     number int not null,
     provider text not null,
     started_at timestamptz not null,
     ended_at timestamptz,
     outcome text,
     phase text,
     reply_code int,
     enhanced_code text,
     reason text,
     primary key (mail_id, number)
   )`,
];
