import type { NatsConnection } from '@nats-io/transport-node';
import { challengeEvents, emailEvents, type EventContract, userEvents } from '@postrider/contracts';
import { discardLetters, type Edit, findLetters, readAudit, replayLetters } from '@postrider/messaging';
import type { Command, Surroundings } from '../command.ts';
import { withOperator } from '../nats.ts';
import { type Asked, parseCommandLine } from './parse-command-line.ts';
import { auditLine, letterLine, letterPage, letterSummary } from './tell-letter.ts';

/** What was given up: looked at, tried again, or put away; each action with its entry in the audit trail. */
export const deadLetters: Command = {
  name: 'dead-letters',
  usage: 'list|show|replay|discard|audit …',
  summary: 'what was given up: look at it, replay it, discard it',
  async run(args, surroundings) {
    const asked = parseCommandLine(args);
    return withOperator(surroundings, async (nc) => actions[asked.action](nc, asked, surroundings));
  },
};

const contracts: readonly EventContract[] = [...userEvents, ...challengeEvents, ...emailEvents];

type Action = (nc: NatsConnection, asked: Asked, surroundings: Surroundings) => Promise<number>;

const actions: Readonly<Record<Asked['action'], Action>> = {
  async list(nc, { filter, isJson }, { print }) {
    let count = 0;
    for await (const letter of findLetters(nc, filter)) {
      count++;
      print(isJson ? JSON.stringify(letterSummary(letter)) : letterLine(letter));
    }
    if (!isJson) print(`${count} dead letters.`);
    return 0;
  },

  async show(nc, { filter, isRevealed }, { print }) {
    let count = 0;
    for await (const letter of findLetters(nc, filter)) {
      count++;
      const contract = contracts.find(({ type }) => type === letter.type);
      for (const line of letterPage(letter, contract, isRevealed)) print(line);
    }
    if (count === 0) print('There is no such letter.');
    return count === 0 ? 1 : 0;
  },

  async replay(nc, { filter, by, because, isDryRun, perSecond, changes, isJson }, { print }) {
    const edit: Edit | undefined =
      changes.size === 0 ? undefined : (data) => ({ ...(data as object), ...Object.fromEntries(changes) }); // The contract judges it.
    const options = { filter, by, because, dryRun: isDryRun, perSecond, contracts, ...(edit && { edit }) };
    const report = await replayLetters(nc, options);
    if (isJson) print(JSON.stringify(report));
    else {
      for (const { letter, because: why } of report.refused) print(`${letter} stays: ${why}`);
      print(`${report.replayed} ${isDryRun ? 'would be replayed' : 'replayed'}, ${report.refused.length} not.`);
    }
    return report.refused.length === 0 ? 0 : 1;
  },

  async discard(nc, { filter, by, because, isDryRun, isJson }, { print }) {
    const discarded = await discardLetters(nc, { filter, by, because, dryRun: isDryRun });
    if (isJson) print(JSON.stringify({ discarded }));
    else print(`${discarded} ${isDryRun ? 'would be discarded' : 'discarded'}.`);
    return 0;
  },

  async audit(nc, { isJson }, { print }) {
    for await (const entry of readAudit(nc)) print(isJson ? JSON.stringify(entry) : auditLine(entry));
    return 0;
  },
};
