import { Migration } from '@mikro-orm/migrations';
import { outboxSchemaV2 } from '@postrider/outbox';

/** Notes of how far each stream is, so that the relay sees when one loses what it acknowledged. */
export class Migration0003Watermarks extends Migration {
  override up(): void {
    for (const sql of outboxSchemaV2) this.addSql(sql);
  }
}
