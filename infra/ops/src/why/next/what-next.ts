// The verdict: what happens next with the mail of one event, from everything that was collected. Pure.
//
// Rules in order, the first that fits decides, from what is certain to what is guessed: what the ledger calls final stands before
// everything else; then what stopped for good on the way; then the mail that is still open; then how far its event came. Each answer
// says who acts next, so that "nothing to do" is said as plainly as "somebody must".
import type { EventFacts } from '../facts.ts';
import { buried, gone, inHandler, parked, undelivered, unheard, unpublished, unwanted } from './event-rules.ts';
import { accepted, settled, underWay, waitsForRetry } from './mail-rules.ts';
import { type Rule, type Verdict, verdict, type World } from './verdict.ts';

/** What happens next with an event's mail, in plain English. */
export function whatNext(event: EventFacts, world: World): Verdict {
  const known = { event, mail: event.mails?.at(-1), world };
  for (const rule of rules) {
    const found = rule(known);
    if (found !== undefined) return found;
  }
  return verdict(
    'unknown',
    'Its event was handled, and the ledger has no mail of it: either it asked for none, or the ledger was tidied up since.',
  );
}

const rules: readonly Rule[] = [
  unwanted,
  settled,
  buried,
  parked,
  waitsForRetry,
  underWay,
  accepted,
  unpublished,
  gone,
  unheard,
  undelivered,
  inHandler,
];
