import { Migration } from '@mikro-orm/migrations';

/** Finds the accounts that nobody verified by age. The other rows that go by age have had their index from the start. */
export class Migration0002Housekeeping extends Migration {
  override up(): void {
    this.addSql(`create index user_unverified on "user" (created_at) where verified_email is null`);
  }
}
