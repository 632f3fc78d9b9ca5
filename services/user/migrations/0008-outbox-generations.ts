import { Migration } from '@mikro-orm/migrations';
import { outboxSchemaV3 } from '@postrider/outbox';

/** What was lost is published again under a message id of its own, and a note says which event stands at its position. */
export class Migration0008OutboxGenerations extends Migration {
  override up(): void {
    for (const sql of outboxSchemaV3) this.addSql(sql);
  }
}
