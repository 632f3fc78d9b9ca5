import type { DurableFacts, EventFacts, Position } from '../facts.ts';
import { down, emailServiceIsAway, isAsked, partsOf, subscriptionTrouble, userServiceIsAway } from './trouble.ts';
import { asSentence, type Case, type Verdict, verdict, type World } from './verdict.ts';

export function unwanted({ event, mail }: Case): Verdict | undefined {
  if (mail !== undefined || event.durables.some(({ isForMail }) => isForMail)) return undefined;
  return verdict('none', 'No mail comes of this event: it is for other subscribers.');
}

export function buried({ event }: Case): Verdict | undefined {
  const letter = event.deadLetters.at(-1);
  if (letter === undefined) return undefined;
  return verdict(
    'stuck',
    `It is a dead letter, ${letter.stream} #${letter.sequence}: ${asSentence(letter.reason)} Nothing happens by itself.`,
    `Once the cause is cured, replay it: publish the letter, headers and body as they are, to ${letter.retrySubject}`,
  );
}

export function parked({ event: { outbox } }: Case): Verdict | undefined {
  if (outbox?.state !== 'parked') return undefined;
  return verdict(
    'stuck',
    `It is parked in the outbox: ${asSentence(outbox.reason)}`,
    'Nothing happens by itself; later events of this account wait behind it.',
  );
}

export function unpublished({ event, world }: Case): Verdict | undefined {
  if (event.outbox?.state !== 'pending') return undefined;
  if (isOver(event, world)) return verdict('ended', 'Its time was over before it was published; no mail comes of it.');
  const away = userServiceIsAway(world, 'Its event waits in the outbox, and is published once it is back.');
  if (away !== undefined) return away;
  const parts = partsOf(world, 'user');
  const trouble = down(parts['nats']) ?? down(parts['relay']);
  if (trouble === undefined && isAsked(world, 'NATS'))
    return verdict('waiting', 'Its event waits in the outbox; the relay is about to publish it.');
  return verdict(
    'waiting',
    `Its event waits in the outbox: NATS can’t be used${trouble === undefined ? '' : ` (${trouble.replace(/\.$/, '')})`}.`,
    'The relay publishes it by itself when NATS is back; nothing to do.',
  );
}

/** Published, and in no stream and no ledger. */
export function gone({ event, mail, world }: Case): Verdict | undefined {
  if (mail !== undefined || event.messages === undefined || event.messages.length > 0) return undefined;
  if (isOver(event, world))
    return verdict('ended', 'Its time is over, and the ledger has no mail of it; a new one can be asked for.');
  return verdict(
    'unknown',
    'It was published, but its stream does not hold it (any more), and the ledger has no mail of it.',
  );
}

/** Nobody can say whether there is a mail. */
export function unheard({ event, world }: Case): Verdict | undefined {
  if (event.mails !== undefined && event.messages !== undefined) return undefined;
  if (durableThat('waits', event) !== undefined) return undefined;
  const silent = world.unanswered.flatMap(({ part }) =>
    part === 'email database' ? [`the ${part}`] : part === 'NATS' ? [part] : [],
  );
  return verdict(
    'unknown',
    `How far it came can’t be told: ${silent.join(' and ')} can’t be asked. Ask again when that is back.`,
  );
}

export function undelivered({ event, mail, world }: Case): Verdict | undefined {
  const waiting = durableThat('waits', event);
  if (mail !== undefined || waiting === undefined) return undefined;
  const away = emailServiceIsAway(world, 'Its event waits in the stream until it is back.');
  if (away !== undefined) return away;
  const trouble = subscriptionTrouble(world, waiting.durable);
  if (trouble === undefined)
    return verdict('waiting', 'Its event waits in the stream; the email service takes it in its turn. Nothing to do.');
  return verdict(
    'waiting',
    `Its event waits in the stream: ${trouble}.`,
    'The email service takes it by itself when that is over; nothing to do.',
  );
}

export function inHandler({ event, mail, world }: Case): Verdict | undefined {
  const busy = durableThat('under way', event);
  if (mail !== undefined || busy === undefined) return undefined;
  const away = emailServiceIsAway(world, 'Its event is delivered again then.');
  if (away !== undefined) return away;
  const trouble = subscriptionTrouble(world, busy.durable);
  return verdict(
    'waiting',
    `The email service has its event, and no mail of it in the ledger yet${trouble === undefined ? '' : `: ${trouble}`}.`,
    'It goes on, or is delivered again, by itself.',
  );
}

function durableThat(state: Position['state'], { durables }: EventFacts): DurableFacts | undefined {
  return durables.find(({ isForMail, position }) => isForMail && position?.state === state);
}

function isOver({ expiresAt }: EventFacts, { now }: World): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
