import { parseArgs } from 'node:util';
import { canonicalAddress } from '@postrider/contracts';
import { type Command, type Surroundings, UsageError } from '../command.ts';
import { collect } from './collect.ts';
import { canonicalEventId } from '../event-id.ts';
import type { Asked, Facts } from './facts.ts';
import { tell, unansweredLines } from './tell.ts';
import { verdictsOf } from './verdicts.ts';

/** One person's mail explained: what happened, in the order of time, what the mail server said, and what happens next. */
export const why: Command = {
  name: 'why',
  usage: '<address or event id> [--json]',
  summary: 'why somebody’s mail came, did not come, or is still to come',
  async run(args, surroundings) {
    const { asked, isJson } = parse(args);
    const facts = await collect(await surroundings.places(), asked);
    const isKnown = facts.account !== undefined || facts.events.length > 0;
    if (isJson) surroundings.print(JSON.stringify(asJson(facts, isKnown), undefined, 2));
    else if (isKnown) for (const line of tell(facts, verdictsOf(facts))) surroundings.print(line);
    else tellUnknown(facts, surroundings);
    return isKnown ? 0 : 1;
  },
};

function parse(args: readonly string[]): { asked: Asked; isJson: boolean } {
  const { values, positionals } = parseOrRefuse(args);
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) throw new UsageError(`npm run ops -- ${why.name} ${why.usage}`);
  const eventId = canonicalEventId(text);
  const address = canonicalAddress(text);
  if (eventId !== undefined) return { asked: { kind: 'event', eventId }, isJson: values.json };
  if (address !== undefined) return { asked: { kind: 'address', address }, isJson: values.json };
  throw new UsageError(`"${text}" is neither an e-mail address nor the id of an event (a UUID).`);
}

function parseOrRefuse(args: readonly string[]): { values: { json: boolean }; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)}\nnpm run ops -- ${why.name} ${why.usage}`,
    );
  }
}

function tellUnknown(facts: Facts, { print }: Surroundings): void {
  const { asked, unanswered } = facts;
  const what = asked.kind === 'address' ? asked.address : `the event ${asked.eventId}`;
  const among = unanswered.length === 0 ? '' : ' by the parts that could be asked';
  print(`Nothing is known of ${what}${among}.`);
  for (const line of unansweredLines(facts)) print(line);
}

function asJson(facts: Facts, isKnown: boolean): object {
  const events = verdictsOf(facts).map(({ event, verdict }) => ({ ...event, next: verdict }));
  return { found: isKnown, ...facts, events };
}
