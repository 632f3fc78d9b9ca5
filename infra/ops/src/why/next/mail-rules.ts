import type { MailFacts } from '../facts.ts';
import { serverSaid } from './server-said.ts';
import { emailServiceIsAway, isAsked, mailServer, mailServerTrouble } from './trouble.ts';
import { type Case, clock, type Verdict, verdict } from './verdict.ts';

/** The ledger calls it final. A failed mail is told by its dead letter, where there is one. */
export function settled({ event, mail, world }: Case): Verdict | undefined {
  if (mail === undefined) return undefined;
  const said = serverSaid(mail.attempts.at(-1));
  switch (mail.state) {
    case 'sent':
      return verdict(
        'done',
        `Sent${mail.settledAt === undefined ? '' : ` at ${clock(mail.settledAt)}`}; delivered to ${mailServer(world)}, which said ${said ?? 'yes'}.`,
        'Nothing more happens here: if it is in no inbox, ask that server.',
      );
    case 'bounced':
      return verdict('ended', `Bounced: ${said ?? 'refused'} (${mail.reason}). It will not be tried again.`);
    case 'expired':
      return verdict(
        'ended',
        'Its time was over before it could be sent. It will not be sent; a new one can be asked for.',
      );
    case 'ambiguous':
      return verdict(
        'ended',
        'It was sent and the answer was lost: the server may have it or not.',
        'It will not be sent again, so that nobody gets it twice.',
      );
    case 'failed':
      return event.deadLetters.length > 0 ? undefined : failedWithoutLetter({ event, mail, world }, mail);
    default:
      return undefined;
  }
}

function failedWithoutLetter({ world }: Case, { reason }: MailFacts): Verdict {
  const where = isAsked(world, 'NATS')
    ? 'Its dead letter is not there: it ends with its challenge.'
    : 'Its dead letter is in NATS, which can’t be asked.';
  return verdict('stuck', `The mail has failed: ${reason}.`, where, 'Nothing happens by itself.');
}

export function waitsForRetry({ mail, world }: Case): Verdict | undefined {
  if (mail?.state !== 'retry_wait') return undefined;
  const away = emailServiceIsAway(world, 'The next attempt is made once it is back.');
  if (away !== undefined) return away;
  const due = mail.nextAttemptAt === undefined ? 'soon' : `at ${clock(mail.nextAttemptAt)}`;
  const said = serverSaid(mail.attempts.at(-1));
  return verdict(
    'waiting',
    `The next attempt is due ${due}, by itself; nothing to do.`,
    said === undefined ? `The last one: ${mail.reason}.` : `The mail server said ${said} (${mail.reason}).`,
    `${mail.spent} ${mail.spent === 1 ? 'attempt is' : 'attempts are'} spent.`,
    until(mail),
  );
}

export function underWay({ mail, world }: Case): Verdict | undefined {
  if (mail?.state !== 'sending') return undefined;
  const attempt = mail.attempts.at(-1);
  if (mail.leaseUntil !== undefined && mail.leaseUntil > world.now)
    return verdict(
      'waiting',
      `Attempt ${attempt?.number ?? mail.spent + 1} is under way${attempt === undefined ? '' : ` since ${clock(attempt.startedAt)}`}: ${mailServer(world)} has not answered yet.`,
      goesOn,
      until(mail),
    );
  return (
    emailServiceIsAway(world, 'It was sending this mail, and takes it up again once it is back.') ??
    verdict(
      'waiting',
      'Whoever was sending it died. The email service takes it up again by itself; nothing to do.',
      until(mail),
    )
  );
}

/** The ledger owes it, no attempt is due or under way: what it needs is away. */
export function accepted({ mail, world }: Case): Verdict | undefined {
  if (mail?.state !== 'accepted') return undefined;
  const away = emailServiceIsAway(world, 'It goes on with this mail once it is back.');
  if (away !== undefined) return away;
  const trouble = mailServerTrouble(world) ?? lastOutage({ mail, world });
  if (trouble === undefined)
    return verdict('waiting', 'The email service has it and is about to send it; nothing to do.', until(mail));
  return verdict('waiting', `${trouble.charAt(0).toUpperCase()}${trouble.slice(1)}.`, goesOn, until(mail));
}

function lastOutage({ mail, world }: Pick<Case, 'mail' | 'world'>): string | undefined {
  const attempt = mail?.attempts.at(-1);
  return attempt?.outcome === 'outage' ? `${mailServer(world)} could not be used (${attempt.reason})` : undefined;
}

const goesOn = 'The email service waits and tries again by itself; nothing to do.';

function until({ expiresAt }: MailFacts): string {
  return expiresAt === undefined
    ? ''
    : `The mail is of use until ${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC.`;
}
