import { metrics } from '@opentelemetry/api';
import type { AttemptOutcome } from './mail-attempt.ts';

/** Counts attempts, and measures what people wait for: from the commit that owed them a mail until the mail server took it. */
export interface MailObserver {
  attempted(mail: string, outcome: AttemptOutcome): void;
  /** @param since when the event was recorded, ISO 8601 */
  sent(mail: string, since: string): void;
}

export function observeMails(): MailObserver {
  const meter = metrics.getMeter('@postrider/email');
  const attempts = meter.createCounter('postrider.mail.attempts', {
    description: 'Attempts to send a mail that ended, by outcome.',
  });
  const lag = meter.createHistogram('postrider.mail.lag', {
    description: 'Time from an event’s recording in the outbox until the mail server took its mail.',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600] },
  });
  return {
    attempted: (mail, outcome) => attempts.add(1, { mail, outcome }),
    sent: (mail, since) => lag.record(Math.max(0, Date.now() - Date.parse(since)) / 1_000, { mail }),
  };
}
