import { removeOldEvents } from '@postrider/outbox';
import type { Removal } from '@postrider/runtime/housekeeping';
import { endedIdempotencyKeys } from '@postrider/runtime/idempotency';
import { endedRateLimits } from '@postrider/runtime/rate-limits';
import { endedFlows, unverifiedAccounts } from './accounts/housekeeping.ts';
import { endedCooldowns, expiredChallenges, unsentChallenges } from './challenges/housekeeping.ts';
import type { Config } from './config.ts';
import { oldSessions, unknownSignIns } from './sessions/housekeeping.ts';

/** What goes by age. Challenges before accounts: an account waits for its last open link. */
export function removals(config: Config): Removal[] {
  const { unverifiedAccountDays, outboxRetentionDays: olderThanDays, mailCap } = config;
  return [
    expiredChallenges,
    unverifiedAccounts(unverifiedAccountDays),
    endedFlows,
    endedCooldowns(mailCap.cooldownSeconds),
    unsentChallenges,
    oldSessions(config.sessions.rememberDays),
    unknownSignIns,
    endedIdempotencyKeys,
    endedRateLimits,
    { name: 'old events', remove: (client, limit) => removeOldEvents(client, { olderThanDays, limit }) },
  ];
}
