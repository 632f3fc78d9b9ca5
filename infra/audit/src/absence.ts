import type { CommittedEvent, EventLog, StreamContents } from './facts.ts';

/** Why a published event may not be in its stream (any more). */
export type Absence = 'expired' | 'aged' | 'erased';

/** Servers remove by timers of their own, and round to seconds. */
const slackMs = 2_000;

/** Undefined: nothing explains it, it is lost. */
export function explainAbsence(
  event: CommittedEvent,
  stream: StreamContents | undefined,
  { takenAt }: EventLog,
): Absence | undefined {
  if (event.expiresAt !== undefined && event.expiresAt <= takenAt + slackMs) return 'expired';
  const { maxAgeMs, erasedAggregates } = stream ?? {};
  if (maxAgeMs !== undefined && event.recordedAt + maxAgeMs <= takenAt + slackMs) return 'aged';
  if (erasedAggregates?.has(event.aggregateId) === true) return 'erased';
  return undefined;
}
