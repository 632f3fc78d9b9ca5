import { challengeEvents, emailEvents, userEvents } from '@postrider/contracts';
import { topology } from '@postrider/topology';
import { collectFacts } from './collect/collect-facts.ts';
import { judge } from './judge.ts';
import { verdictTable } from './verdict-table.ts';

/** What of a stack an audit needs to know; `npm start` writes it to stack.json. */
export interface AuditedStack {
  readonly natsOperatorUrl: string;
  readonly databaseUrls: { readonly user: string; readonly email: string };
}

/**
 * Audits a live system and prints the account. It only reads.
 *
 * @returns the exit code: 0, or 1 when something is unexplained
 */
export async function runAudit(stack: AuditedStack, print: (text: string) => void): Promise<number> {
  const { natsOperatorUrl, databaseUrls } = stack;
  const facts = await collectFacts({ natsOperatorUrl, databaseUrls, ...declared() });
  const verdict = judge(facts);
  print(verdictTable(verdict));
  return verdict.unexplained.length === 0 ? 0 : 1;
}

/**
 * The streams that contracts name, and the email service's consumers of them that owe a mail for each event: those whose declaration does
 * not say otherwise (`"postrider.mails": "some"` or `"none"`).
 */
export function declared(): {
  streams: string[];
  mailDurables: { stream: string; durable: string }[];
} {
  const streams = new Set([...userEvents, ...challengeEvents, ...emailEvents].map(({ stream }) => stream));
  return {
    streams: [...streams],
    mailDurables: topology.consumers
      .filter(
        ({ config }) => config.durable_name.startsWith('email-') && config.metadata?.['postrider.mails'] === undefined,
      )
      .map(({ stream_name: stream, config }) => ({ stream, durable: config.durable_name }))
      .filter(({ stream }) => streams.has(stream)),
  };
}
