import { removeOldEvents } from '@postrider/outbox';
import type { Removal } from '@postrider/runtime/housekeeping';
import type { Config } from './config.ts';
import { settledMails } from './ledger/housekeeping.ts';

/** What goes by age. */
export function removals({ ledgerRetentionDays, outboxRetentionDays: olderThanDays }: Config): Removal[] {
  return [
    settledMails(ledgerRetentionDays),
    { name: 'old events', remove: (client, limit) => removeOldEvents(client, { olderThanDays, limit }) },
  ];
}
