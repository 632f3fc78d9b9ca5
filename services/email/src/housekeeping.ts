import { removeHandledEvents, removeOldEvents } from '@postrider/outbox';
import type { Removal } from '@postrider/runtime/housekeeping';
import type { Config } from './config.ts';
import { settledMails } from './ledger/housekeeping.ts';

/** Longer than any copy of an event is kept: dead letters stay for 90 days. */
const handledEventDays = 91;

/** What goes by age. Contacts do not: they go with their account. */
export function removals({ ledgerRetentionDays, outboxRetentionDays: olderThanDays }: Config): Removal[] {
  return [
    settledMails(ledgerRetentionDays),
    {
      name: 'handled events',
      remove: (client, limit) => removeHandledEvents(client, { olderThanDays: handledEventDays, limit }),
    },
    { name: 'old events', remove: (client, limit) => removeOldEvents(client, { olderThanDays, limit }) },
  ];
}
