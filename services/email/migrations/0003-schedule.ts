import { Migration } from '@mikro-orm/migrations';

/** Mails whose next attempt is far enough away that their message does not wait for it. */
export class Migration0003Schedule extends Migration {
  override up(): void {
    this.addSql(`alter table mail add durable text, add source_stream text, add source_sequence bigint`);
    this.addSql(
      `create index mail_due on mail (durable, next_attempt_at) where state = 'retry_wait' and durable is not null`,
    );
  }
}
