import { Migration } from '@mikro-orm/migrations';
import { idempotencyTable } from '@postrider/runtime/idempotency';
import { rateLimitTable } from '@postrider/runtime/rate-limits';

/** What replicas must agree on about requests: idempotency keys, and how often clients have called. */
export class Migration0006Http extends Migration {
  override up(): void {
    for (const statement of [...idempotencyTable, ...rateLimitTable]) this.addSql(statement);
  }
}
