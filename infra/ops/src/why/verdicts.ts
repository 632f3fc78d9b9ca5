import type { EventFacts, Facts } from './facts.ts';
import type { Verdict } from './next/verdict.ts';
import { whatNext } from './next/what-next.ts';

export interface EventVerdict {
  readonly event: EventFacts;
  readonly verdict: Verdict;
}

/** What happens next with each event, in their order. */
export function verdictsOf(facts: Facts): EventVerdict[] {
  return facts.events.map((event) => ({ event, verdict: whatNext(event, facts) }));
}
