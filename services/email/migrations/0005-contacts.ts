import { Migration } from '@mikro-orm/migrations';
import { handledEventSchema } from '@postrider/outbox';

/** Who has which address, for mails about events that name none. */
export class Migration0005Contacts extends Migration {
  override up(): void {
    this.addSql(
      `create table contact (
         user_id uuid primary key,
         email text,
         email_sequence bigint not null,
         locale text,
         locale_sequence bigint not null
       )`,
    );
    for (const sql of handledEventSchema()) this.addSql(sql);
  }
}
