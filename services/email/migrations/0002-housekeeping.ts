import { Migration } from '@mikro-orm/migrations';

/** Finds the mails that are final by age. */
export class Migration0002Housekeeping extends Migration {
  override up(): void {
    this.addSql(`create index mail_settled_at on mail (settled_at) where settled_at is not null`);
  }
}
