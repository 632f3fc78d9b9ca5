import type { Deviation } from '../smtp/script.ts';
import type { Fault } from './fault.ts';

/** Every way in which a session with a mail server can end, and what it may answer instead of 250. */
export const smtpFaults: readonly Fault[] = [
  smtp('drops-at-greeting', { stage: 'greeting', does: 'drop', share: 1 }, 'no attempt spent in an outage'),
  smtp('drops-at-ehlo', { stage: 'ehlo', does: 'drop', share: 1 }, 'no attempt spent in an outage'),
  smtp('drops-at-mail', { stage: 'mail', does: 'drop', share: 0.7 }, 'no attempt spent in an outage'),
  smtp('drops-at-rcpt', { stage: 'rcpt', does: 'drop', share: 0.7 }, 'no attempt spent in an outage'),
  smtp('drops-at-data', { stage: 'data', does: 'drop', share: 0.7 }, 'no attempt spent in an outage'),
  smtp('drops-in-message', { stage: 'body', does: 'drop', share: 0.7 }, 'no attempt spent in an outage'),
  smtp(
    'drops-after-final-dot',
    { stage: 'final', does: 'drop', share: 0.5 },
    'ambiguous: security mail once more, a notice never',
  ),
  {
    ...smtp(
      'hangs-at-greeting',
      { stage: 'greeting', does: 'hang', share: 0.5 },
      'given up after ten seconds, nothing spent',
    ),
    isPossible: ({ isQuick }) => !isQuick,
  },
  smtp(
    'hangs-after-final-dot',
    { stage: 'final', does: 'hang', share: 0.3 },
    'waited for; ambiguous when the connection ends',
  ),
  smtp('defers', { stage: 'rcpt', does: { reply: '450 4.3.0 try again' }, share: 0.3 }, 'tried again with backoff'),
  {
    ...smtp(
      'greylists',
      { stage: 'rcpt', does: { reply: '451 4.7.1 greylisted' }, share: 0.2 },
      'tried again after five minutes',
    ),
    isPossible: ({ isQuick, progress }) => isQuick || progress() < 0.6,
  },
  {
    ...smtp(
      'says-421',
      { stage: 'mail', does: { reply: '421 4.3.2 closing' }, share: 0.4 },
      'tried again after a minute, nothing spent',
    ),
    isPossible: ({ isQuick, progress }) => isQuick || progress() < 0.8,
  },
  smtp(
    'bounces',
    { stage: 'rcpt', does: { reply: '550 5.1.1 nobody here' }, share: 0.05 },
    'bounced, never tried again',
  ),
  smtp(
    'refuses-content',
    { stage: 'final', does: { reply: '554 5.6.0 refused' }, share: 0.05 },
    'failed, and a dead letter',
  ),
];

function smtp(name: string, deviation: Deviation, promise: string): Fault {
  return {
    name: `smtp-${name}`,
    part: 'SMTP',
    promise,
    kind: 'lasting',
    weight: 1,
    async inject(scene) {
      await using _deviation = await scene.fleet.smtp.deviate(deviation);
      await scene.lasts(2_000, 5_000);
      return true;
    },
  };
}
